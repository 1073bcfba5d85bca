import Dispatch
import Synchronization

/// Work that holds a thread for a while, kept off Swift's pool, whose few threads every connection needs.
enum OffPool {
  static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await Handover.value { hand in DispatchQueue.global().async { hand(work()) } }
  }
}

/// What another thread makes for a task that waits for it.
///
/// It goes through a lock, not through the continuation: where that is resumed before its task has come to wait, the order of the two is kept
/// inside Swift's runtime, which ThreadSanitizer cannot see.
package final class Handover<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)

  /// Calls `start` at once and waits until what it got is called, which must happen once, with the value.
  package static func value(_ start: (@escaping @Sendable (Value) -> Void) -> Void) async -> Value {
    let handover = Handover()
    await withCheckedContinuation { continuation in
      start { value in
        handover.value.withLock { $0 = value }
        continuation.resume()
      }
    }
    return handover.value.withLock { $0.take()! }
  }
}
