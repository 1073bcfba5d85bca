import Dispatch
import Synchronization

/// Races work against a Dispatch timer, so that the answer goes out in time even while the work cannot yet be stopped.
enum Deadline {
  /// When the answer that this task works on is of no use any more, by ``MonotonicTime``; `nil` where it never is.
  @TaskLocal static var current: Double?

  /// What `work` gives, or what `late` gives where `seconds` pass first; the work is then cancelled and its result dropped.
  static func race<Result: Sendable>(
    seconds: Double, late: @escaping @Sendable () -> Result, work: @escaping @Sendable () async -> Result
  ) async -> Result {
    let deadline = min(current ?? .infinity, MonotonicTime.seconds() + seconds)
    let task = $current.withValue(deadline) { Task { await work() } }
    let timer = DispatchSource.makeTimerSource(queue: .global())
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let first = FirstResult(continuation)
        timer.setEventHandler {
          if first.give(late()) { task.cancel() }
        }
        timer.schedule(deadline: .now() + seconds)
        timer.activate()
        Task { _ = first.give(await task.value) }
      }
    } onCancel: {
      task.cancel()
    }
  }
}

/// Resumes a continuation with the first of several results.
private final class FirstResult<Result: Sendable>: Sendable {
  private let continuation: Mutex<CheckedContinuation<Result, Never>?>

  init(_ continuation: CheckedContinuation<Result, Never>) { self.continuation = Mutex(continuation) }

  /// Whether `result` came first.
  func give(_ result: Result) -> Bool {
    let waiting = continuation.withLock { continuation in
      defer { continuation = nil }
      return continuation
    }
    waiting?.resume(returning: result)
    return waiting != nil
  }
}
