/// How the loss predictor is read.
package enum PredictionMode: String, Sendable, Hashable, CaseIterable {
  /// All patches visible, one pass: the paper's way (HPM, section 3.3).
  case fullVisible = "full_visible"
  /// The mean, over random masks, of what the predictor says of a patch while it is hidden, centred per draw: the regime it was trained in.
  case maskedAverage = "masked_average"
}
