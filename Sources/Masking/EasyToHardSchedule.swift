/// How the share of masked patches that the predicted loss decides grows during training (HPM, section 3.3).
package struct EasyToHardSchedule: Hashable, Sendable {
  /// What time is counted in.
  package enum Clock: String, CaseIterable, Sendable {
    /// α0 + ((e + 1) / E)·(αT − α0) during epoch e, as the authors' program computes it.
    case epoch
    /// α0 + (e / E)·(αT − α0), the other reading of the paper.
    case epochZeroBased = "epoch_zero_based"
    /// α0 + (t / E)·(αT − α0) at the fractional epoch t of every step.
    case step
  }

  package var alpha0: Double
  package var alphaT: Double
  package var clock: Clock

  package init(alpha0: Double = 0, alphaT: Double = 0.5, clock: Clock = .epoch) {
    self.alpha0 = alpha0
    self.alphaT = alphaT
    self.clock = clock
  }

  /// The share at the (fractional, for clock `step`) epoch `epoch`, counted from 0, of `epochs`.
  package func alpha(epoch: Double, epochs: Int) -> Double {
    precondition(epochs > 0 && epoch >= 0, "epoch \(epoch) of \(epochs)")
    let elapsed =
      switch clock {
      case .epoch: epoch.rounded(.down) + 1
      case .epochZeroBased: epoch.rounded(.down)
      case .step: epoch
      }
    return alpha0 + elapsed / Double(epochs) * (alphaT - alpha0)
  }
}
