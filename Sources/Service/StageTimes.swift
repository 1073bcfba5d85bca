/// Where the time of a call to a model went, in seconds.
package struct StageTimes: Sendable, Hashable {
  /// Waiting for the model to come free.
  package let queue: Double
  /// Computing.
  package let compute: Double

  package init(queue: Double, compute: Double) {
    self.queue = queue
    self.compute = compute
  }
}
