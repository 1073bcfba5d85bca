import Foundation

/// How far a command is, on standard error: a line that is written over on a terminal, nothing elsewhere.
final class ProgressLine {
  private let total: Int
  private let isShown: Bool
  private var done = 0

  private static let clearLine = "\r\u{1B}[K"

  init(total: Int) {
    self.total = total
    isShown = total > 1 && isatty(STDERR_FILENO) == 1
  }

  /// One more is done.
  func advance() {
    done += 1
    if isShown { Self.write("\(Self.clearLine)\(done) of \(total)") }
  }

  /// A sentence that stays.
  func report(_ sentence: String) { Self.write((isShown ? Self.clearLine : "") + sentence + "\n") }

  func finish() { if isShown { Self.write(Self.clearLine) } }

  private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
