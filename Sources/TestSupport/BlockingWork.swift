import Dispatch

/// Runs work that blocks (a ``LoopbackClient``'s) beside Swift's pool, whose few threads the server's handlers need.
package func withBlockingThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue(label: "hpm.tests.blocking").async { continuation.resume(with: Result { try work() }) }
  }
}
