import Dispatch
import Kernels
import VisionModels

/// Weights that are read and packed on the compute thread without holding up those who wait for it: now and then, between two of them,
/// one other order goes first.
///
/// Belongs to the compute thread.
final class ConsiderateParameters<Base: ParameterSource>: ParameterSource {
  private let base: Base
  private let thread: ComputeThread
  private let slice: Duration
  private var begun = ContinuousClock.now

  /// - Parameter slice: how long to read before another order may go first; a model's pass takes longer, so loading goes on under load.
  init(_ base: Base, on thread: ComputeThread, slice: Duration = .milliseconds(20)) {
    self.base = base
    self.thread = thread
    self.slice = slice
  }

  func hasParameter(_ name: String) -> Bool { base.hasParameter(name) }

  func readParameter(_ name: String, into destination: inout MutableSpan<Float>) throws {
    if ContinuousClock.now - begun >= slice {
      thread.runWaiting()
      begun = .now
    }
    try base.readParameter(name, into: &destination)
  }
}
