/// What the loss predictor says of a batch: higher means harder.
package struct PredictedLoss: Sendable {
  package let rows, columns: Int
  /// (B, rows · columns), images outermost, patches in raster order; unbounded, finite.
  package let values: [Float]
  package let times: StageTimes

  package init(rows: Int, columns: Int, values: [Float], times: StageTimes) {
    self.rows = rows
    self.columns = columns
    self.values = values
    self.times = times
  }
}
