/// How masked patches are chosen.
package enum MaskStrategy: String, CaseIterable, Sendable {
  /// Those of greatest predicted loss (HPM).
  case hard
  /// Those of least predicted loss, the paper's control (its Table 3).
  case easy
  /// By chance (MAE).
  case random
  /// Rectangles of random area and aspect (BEiT).
  case block
  /// Three of each 2×2 window (UM-MAE).
  case uniform
  /// All but one square.
  case square
  /// Whole cells of 32 pixels (SimMIM).
  case simmim
  /// Those that the class token attends to most (AttMask).
  case attention

  /// Whether it needs a number for every patch: the predicted loss, or for `attention` the class token's attention.
  package var needsScores: Bool { usesPredictedLoss || self == .attention }

  /// Whether those numbers are predicted losses.
  package var usesPredictedLoss: Bool { self == .hard || self == .easy }
}
