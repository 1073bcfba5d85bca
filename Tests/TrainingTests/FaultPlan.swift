import Glibc
import Synchronization

@testable import Training

/// Refuses one of the operations that ``DurableFiles`` asks of the system.
final class FaultPlan: Sendable {
  private let refused: Int
  private let error: Int32
  private let count = Mutex(0)

  /// The operation of that number, counted from 0, is refused.
  init(refusing number: Int, error: Int32 = ENOSPC) {
    refused = number
    self.error = error
  }

  var files: DurableFiles {
    DurableFiles { [self] _ in
      count.withLock { count in
        defer { count += 1 }
        return count == refused ? error : nil
      }
    }
  }

  /// Whether so many operations came that one was refused.
  var wasReached: Bool { count.withLock { $0 > refused } }
}
