import Foundation

/// How far a run is, on standard error: a bar that is written over on a terminal, elsewhere a line now and then.
package final class ProgressBar {
  /// Where it is shown.
  package enum Surface: Hashable, Sendable {
    /// As many columns as it has.
    case terminal(columns: Int)
    case plain

    /// What standard error is now.
    package static var standardError: Surface {
      var size = winsize()
      guard isatty(STDERR_FILENO) == 1 else { return .plain }
      guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return .terminal(columns: 80) }
      return .terminal(columns: Int(size.ws_col))
    }
  }

  private static let clearLine = "\r\u{1B}[K"
  private static let barColumns = 20
  /// Seconds between two drawings of the bar, and between two plain lines.
  private static let barInterval = 0.1
  private static let lineInterval = 30.0

  private let surface: () -> Surface
  private let now: () -> Double
  private let write: (String) -> Void
  private var lastShown = -Double.infinity
  private var isBarShown = false

  /// - Parameters:
  ///   - surface: Asked every time, since a terminal's width changes.
  ///   - now: Seconds of a clock that never goes back.
  package init(
    surface: @escaping () -> Surface = { .standardError }, now: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime },
    write: @escaping (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }
  ) {
    self.surface = surface
    self.now = now
    self.write = write
  }

  /// Shows where the run is; not every time, but always at its end.
  package func update(_ report: ProgressReport) {
    let surface = surface()
    let interval = surface == .plain ? Self.lineInterval : Self.barInterval
    guard now() - lastShown >= interval || report.step >= report.steps else { return }
    lastShown = now()
    switch surface {
    case .terminal(let columns):
      write(Self.clearLine + Self.line(report, columns: columns))
      isBarShown = true
    case .plain: write("step \(report.step)/\(report.steps)  \(report.text)\n")
    }
  }

  /// A sentence that stays; the bar comes back below it.
  package func say(_ sentence: String) {
    write((isBarShown ? Self.clearLine : "") + sentence + "\n")
    if isBarShown { lastShown = -.infinity }
    isBarShown = false
  }

  /// Leaves the last bar standing.
  package func finish() {
    if isBarShown { write("\n") }
    isBarShown = false
  }

  /// The bar and as much of the numbers as fit, so that the line never wraps.
  static func line(_ report: ProgressReport, columns: Int) -> String {
    let filled = Int(Double(barColumns) * report.share)
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: barColumns - filled)
    let percent = Int(100 * report.share)
    return String("[\(bar)] \(percent) %  \(report.text)".prefix(max(0, columns - 1)))
  }
}
