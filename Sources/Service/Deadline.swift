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
    let first = FirstResult<Result>()
    let task = $current.withValue(deadline) { Task.immediate { _ = first.give(await work()) } }
    // Work that had to wait for nothing is done, and needs no timer.
    if let result = first.result { return result }
    let timer = DispatchSource.makeTimerSource(queue: .global())
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        timer.setEventHandler {
          if first.give(late()) { task.cancel() }
        }
        timer.schedule(deadline: .now() + seconds)
        timer.activate()
        first.deliver(to: continuation)
      }
    } onCancel: {
      task.cancel()
    }
  }
}

/// The first of several results, for the one who waits for it.
private final class FirstResult<Result: Sendable>: Sendable {
  private struct State {
    var result: Result?
    var waiting: CheckedContinuation<Result, Never>?
  }

  private let state = Mutex(State())

  /// `nil` before there is one.
  var result: Result? { state.withLock(\.result) }

  /// Whether `result` came first.
  func give(_ result: Result) -> Bool {
    let (isFirst, waiting) = state.withLock { state in
      guard state.result == nil else { return (false, nil as CheckedContinuation<Result, Never>?) }
      state.result = result
      return (true, state.waiting.take())
    }
    waiting?.resume(returning: result)
    return isFirst
  }

  /// Resumes `continuation` with the first result, now or when it comes.
  func deliver(to continuation: CheckedContinuation<Result, Never>) {
    let result = state.withLock { state in
      if state.result == nil { state.waiting = continuation }
      return state.result
    }
    if let result { continuation.resume(returning: result) }
  }
}
