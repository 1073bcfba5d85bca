import Glibc
import Synchronization

/// Standard error, one whole line at a time.
package enum StandardErrorOutput {
  private static let turn = Mutex(())

  /// Writes `line`; one that cannot be written is lost, since there is nowhere to say so.
  package static func write(_ line: [UInt8]) {
    turn.withLock { _ in
      var offset = 0
      while offset < line.count {
        let count = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress! + offset, line.count - offset) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        offset += count
      }
    }
  }

  /// Whether a person is likely to read it.
  package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}
