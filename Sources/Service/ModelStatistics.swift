import Foundation

/// What was asked of a model since it was loaded, as the statistics extension of the Open Inference Protocol counts it.
struct ModelStatistics: Sendable {
  /// How often, and for how long together.
  struct Tally: Sendable, Hashable {
    private(set) var count = 0
    private(set) var seconds = 0.0

    mutating func add(_ seconds: Double) {
      count += 1
      self.seconds += seconds
    }
  }

  /// Milliseconds since 1970 of the latest pass, 0 before one.
  private(set) var lastInference = 0
  /// Images that were computed, and the passes in which they were.
  private(set) var inferenceCount = 0, executionCount = 0
  private(set) var success = Tally(), failure = Tally(), queue = Tally(), input = Tally(), compute = Tally(), output = Tally()
  /// Passes by their number of images.
  private(set) var passes: [Int: Tally] = [:]

  mutating func recordPass(images: Int, _ times: StageTimes) {
    lastInference = Int(exactly: (Date().timeIntervalSince1970 * 1000).rounded()) ?? 0
    inferenceCount += images
    executionCount += 1
    passes[images, default: Tally()].add(times.compute)
  }

  mutating func recordSuccess(_ timing: ServerTiming) {
    success.add(timing.total)
    queue.add(timing[.queue])
    input.add(timing[.decode] + timing[.preprocess])
    compute.add(timing[.compute])
    output.add(timing[.render])
  }

  mutating func recordFailure(after seconds: Double) { failure.add(seconds) }
}
