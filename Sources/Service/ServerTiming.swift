import Dispatch

/// The `Server-Timing` field of an inference answer (W3C Server Timing): milliseconds by stage.
struct ServerTiming: Sendable, Hashable {
  /// The stages of an inference, in order.
  enum Stage: String, Sendable, CaseIterable { case decode, preprocess, queue, compute, render }

  private var seconds: [Stage: Double] = [:]

  /// The stages that took any time, in order.
  var durations: [(stage: Stage, seconds: Double)] { Stage.allCases.compactMap { stage in seconds[stage].map { (stage, $0) } } }

  /// Seconds of a stage.
  subscript(stage: Stage) -> Double { seconds[stage] ?? 0 }

  /// Seconds of all stages.
  var total: Double { seconds.values.reduce(0, +) }

  /// Adds to a stage.
  mutating func add(_ duration: Double, to stage: Stage) { seconds[stage, default: 0] += duration }

  /// Does `work` and adds how long it took to `stage`.
  mutating func measure<Result, Failure: Error>(_ stage: Stage, _ work: () throws(Failure) -> Result) throws(Failure) -> Result {
    let start = DispatchTime.now().uptimeNanoseconds
    defer { add(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9, to: stage) }
    return try work()
  }

  /// Adds the times of another part of the same request.
  mutating func merge(_ other: ServerTiming) {
    for (stage, duration) in other.seconds { add(duration, to: stage) }
  }

  /// Every stage, with the microsecond as the last digit.
  var field: String {
    Stage.allCases.map { stage in
      let microseconds = Int(exactly: (self[stage] * 1e6).rounded()) ?? 0
      let fraction = String(microseconds % 1000)
      return "\(stage.rawValue);dur=\(microseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }.joined(separator: ", ")
  }
}
