import Dispatch
import Foundation
import Synchronization

/// The one thread of a process that makes oneDNN calls, working through its orders first come, first served.
///
/// Every thread that calls oneDNN gets an OpenMP team of its own, and two spinning teams on the same cores ruin each other; so all
/// models of a process share this thread, and callers await its answer without holding a thread of theirs. It ends with the process.
package final class ComputeThread: Sendable {
  private let queue = OrderQueue()

  /// Starts the thread.
  package init() {
    let queue = queue
    let thread = Thread { while true { queue.next()() } }
    thread.name = "hpm-compute"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Does `body` on the thread and returns what it returns.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      queue.append { continuation.resume(with: Swift.Result { try body() }) }
    }
  }

  /// Does the order that waits first, if one does. For an order that takes long, which calls it on the thread between its pieces; whatever
  /// is done there may not touch what that order is at.
  package func runWaiting() { queue.nextIfAny()?() }
}

/// Orders waiting for the thread: appended by anyone, taken by it alone.
private final class OrderQueue: Sendable {
  private let orders = Mutex<[@Sendable () -> Void]>([])
  private let arrivals = DispatchSemaphore(value: 0)

  func append(_ order: @escaping @Sendable () -> Void) {
    orders.withLock { $0.append(order) }
    arrivals.signal()
  }

  /// Waits for an order; each signal stands for one, so there is one to take.
  func next() -> @Sendable () -> Void {
    arrivals.wait()
    return orders.withLock { $0.removeFirst() }
  }

  func nextIfAny() -> (@Sendable () -> Void)? {
    guard arrivals.wait(timeout: .now()) == .success else { return nil }
    return orders.withLock { $0.removeFirst() }
  }
}
