import Glibc

/// Linear warm-up, then half a cosine, evaluated at the fractional epoch of every step (as MAE's and HPM's `lr_sched`).
package struct LearningRateSchedule: Hashable, Sendable {
  /// The rate at the end of the warm-up.
  package var peak: Double
  /// The rate at the end of the run.
  package var minimum: Double
  package var warmupEpochs: Double
  package var epochs: Double

  package init(peak: Double, minimum: Double = 0, warmupEpochs: Double, epochs: Double) {
    precondition(epochs > 0 && warmupEpochs >= 0, "\(warmupEpochs) epochs of warm-up of \(epochs)")
    self.peak = peak
    self.minimum = minimum
    self.warmupEpochs = warmupEpochs
    self.epochs = epochs
  }

  /// The learning rate at `epoch` ≥ 0, which counts from 0 and grows by 1 / (steps an epoch) a step.
  package func rate(epoch: Double) -> Double {
    if epoch < warmupEpochs { return peak * epoch / warmupEpochs }
    guard epochs > warmupEpochs else { return peak }
    let elapsed = min(1, (epoch - warmupEpochs) / (epochs - warmupEpochs))
    return minimum + (peak - minimum) * 0.5 * (1 + cos(.pi * elapsed))
  }
}
