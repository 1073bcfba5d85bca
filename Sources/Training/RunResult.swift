import Foundation

/// How a run ended, as its `result.json` says: what a server finds after the process, or itself, was restarted.
package struct RunResult: Hashable, Sendable {
  package enum Outcome: Hashable, Sendable {
    /// All epochs are done.
    case finished
    /// A signal stopped it, after a saved state: it can be resumed.
    case interrupted(StopSignal.Cause)
    /// An error ended it; the sentence says which.
    case failed(reason: String, cause: RunError.Cause? = nil)
  }

  package let outcome: Outcome
  /// Where the run was.
  package let step: Int
  package let epoch: Double
  /// Seconds since 1970.
  package let endedAt: Double

  package init(_ outcome: Outcome, step: Int, epoch: Double, endedAt: Double) {
    self.outcome = outcome
    self.step = step
    self.epoch = epoch
    self.endedAt = endedAt
  }

  /// What the process exits with: 0, 1, or 128 and the signal's number.
  package var exitCode: Int32 {
    switch outcome {
    case .finished: 0
    case .interrupted(let cause): cause.exitCode
    case .failed: 1
    }
  }

  package var json: JSONValue {
    let (word, reason, cause): (String, String?, RunError.Cause?) =
      switch outcome {
      case .finished: ("finished", nil, nil)
      case .interrupted(let cause): ("interrupted", cause.name, nil)
      case .failed(let reason, let cause): ("failed", reason, cause)
      }
    return .object([
      JSONValue.Member("outcome", .text(word)), JSONValue.Member("reason", reason.map(JSONValue.text) ?? .null),
      JSONValue.Member("cause", (cause?.rawValue).map(JSONValue.text) ?? .null),
      JSONValue.Member("exit_code", .integer(Int(exitCode))), JSONValue.Member("step", .integer(step)),
      JSONValue.Member("epoch", .number(epoch)), JSONValue.Member("ended_at", .text(Timestamp.text(endedAt))),
    ])
  }
}
