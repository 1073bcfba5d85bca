import Foundation

extension EventDraft {
  private struct StatePayload: Encodable {
    let state: String
    let attempt: Int
    let code: String?
    let reason: String?
  }

  private struct ProgressPayload: Encodable {
    let step: Int
    let steps: Int?
    let epoch: Double
    let epochs: Int?
    let imagesPerSecond: Double?
    let etaSeconds: Double?
  }

  /// The job is in this state now.
  static func state(_ state: JobState, attempt: Int, fault: JobFault?) -> EventDraft {
    EventDraft(
      kind: .state,
      data: json(StatePayload(state: state.rawValue, attempt: attempt, code: fault?.code.rawValue, reason: fault?.reason)))
  }

  static func progress(_ progress: JobProgress) -> EventDraft {
    EventDraft(
      kind: .progress,
      data: json(
        ProgressPayload(
          step: progress.step, steps: progress.steps, epoch: progress.epoch, epochs: progress.epochs,
          imagesPerSecond: progress.imagesPerSecond, etaSeconds: progress.secondsLeft)))
  }

  /// A line of the run's log.
  static func log(_ line: String) -> EventDraft { EventDraft(kind: .log, data: json(["line": line])) }

  /// A checkpoint that is whole, by its file's name.
  static func checkpoint(_ file: String) -> EventDraft { EventDraft(kind: .checkpoint, data: json(["checkpoint": file])) }

  /// In one line, as event streams need it.
  private static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts and finite numbers always encode.
    guard let bytes = try? encoder.encode(value) else { preconditionFailure("an event that is no JSON: \(value)") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
