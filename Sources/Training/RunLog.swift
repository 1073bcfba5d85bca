import Synchronization

/// `log.txt`: sentences with their time, for people.
package final class RunLog: Sendable {
  private let file: Mutex<AppendedFile>
  private let now: @Sendable () -> Double

  init(_ path: String, now: @escaping @Sendable () -> Double) throws(RunError) {
    file = Mutex(try AppendedFile(path))
    self.now = now
  }

  /// Writes one line; a line break within the sentence becomes a space.
  package func write(_ sentence: String) throws(RunError) {
    let line = sentence.split(whereSeparator: \.isNewline).joined(separator: " ")
    let bytes = Array("\(Timestamp.text(now())) \(line)\n".utf8)
    try file.withLock { file throws(RunError) in try file.append(bytes) }
  }
}
