import Checkpoints
import Glibc
import Synchronization

@testable import Training

/// Refuses one of the calls that ``DurableFiles`` makes to the system.
final class FaultPlan: Sendable {
  private let refused: Int
  private let error: Int32
  private let count = Mutex(0)

  /// The call of that number, counted from 0, is refused.
  init(refusing number: Int, error: Int32 = ENOSPC) {
    refused = number
    self.error = error
  }

  /// Whether this call is the one.
  private func strikes() -> Bool {
    let isRefused = count.withLock { count in
      defer { count += 1 }
      return count == refused
    }
    if isRefused { errno = error }
    return isRefused
  }

  var files: DurableFiles {
    let system = FileCalls.system
    var calls = system
    calls.create = { [self] in strikes() ? -1 : system.create($0) }
    calls.write = { [self] in strikes() ? -1 : system.write($0, $1, $2, $3) }
    calls.synchronise = { [self] in strikes() ? -1 : system.synchronise($0) }
    calls.rename = { [self] in strikes() ? -1 : system.rename($0, $1) }
    return DurableFiles(calls: calls)
  }

  /// Whether so many calls came that one was refused.
  var wasReached: Bool { count.withLock { $0 > refused } }
}
