import Foundation
import Logging
import Synchronization

@testable import Service

/// A log that a test reads.
final class TestLog: Sendable {
  private let written = Mutex<[[UInt8]]>([])

  /// Writes here, as the service's log is written.
  func logger(_ form: ServiceLogHandler.Form) -> Logger {
    Logger(label: "test") { _ in
      ServiceLogHandler(form, now: { Date(timeIntervalSince1970: 0.5) }, write: { line in self.written.withLock { $0.append(line) } })
    }
  }

  var logger: Logger { logger(.json) }

  /// The lines so far, each with its end.
  var lines: [String] { written.withLock { $0 }.map { String(decoding: $0, as: UTF8.self) } }

  /// The lines of JSON that say `message`.
  func records(_ message: String) throws -> [[String: Any]] {
    try lines.compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
      .filter { $0["message"] as? String == message }
  }
}
