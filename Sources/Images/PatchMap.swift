/// One number a patch, to be drawn.
package struct PatchMap: Sendable {
  package let rows: Int
  package let columns: Int
  /// Raster order, finite.
  package let values: [Float]

  package init(rows: Int, columns: Int, values: [Float]) {
    precondition(values.count == rows * columns && rows > 0 && columns > 0, "\(values.count) values for a map of \(rows)×\(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// Lowest to 0, highest to 1; a constant map is all 0.5.
  var scaled: [Float] {
    guard let lowest = values.min(), let highest = values.max(), highest > lowest else { return values.map { _ in 0.5 } }
    return values.map { ($0 - lowest) / (highest - lowest) }
  }
}

/// What lies between the centres of patches in a picture.
package enum Interpolation: String, CaseIterable, Sendable { case nearest, bicubic }
