import Dispatch

/// Work that holds a thread for a while, kept off Swift's pool, whose few threads every connection needs.
enum OffPool {
  static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: work()) }
    }
  }
}
