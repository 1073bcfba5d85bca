/// What a model with a pixel decoder makes of one image under several random masks (the paper's Figure 2).
package struct Reconstruction: Sendable {
  package let rows, columns: Int
  /// L numbers: a patch's true reconstruction loss, the mean over the draws in which it was hidden.
  package let trueLoss: [Float]
  /// L numbers each, or `nil` for a model without a loss predictor.
  package let fullVisible, maskedAverage: [Float]?
  /// L values of the first draw: 1 = hidden.
  package let mask: [UInt8]
  /// (3, height, width), normalised: the first draw's reconstruction, hidden patches predicted, visible ones as given.
  package let pixels: [Float]
  package let times: StageTimes

  package init(
    rows: Int, columns: Int, trueLoss: [Float], fullVisible: [Float]?, maskedAverage: [Float]?, mask: [UInt8], pixels: [Float],
    times: StageTimes
  ) {
    self.rows = rows
    self.columns = columns
    self.trueLoss = trueLoss
    self.fullVisible = fullVisible
    self.maskedAverage = maskedAverage
    self.mask = mask
    self.pixels = pixels
    self.times = times
  }
}
