import Dispatch
import Synchronization

/// Tells those who follow jobs that something happened, so that they look into the database; nobody is told what.
package final class JobFeed: Sendable {
  /// Why a follower is woken.
  package enum Wake: Sendable, Hashable {
    case change
    /// Time has passed.
    case beat
  }

  private struct State {
    var followers: [Int: (job: String, continuation: AsyncStream<Wake>.Continuation)] = [:]
    var next = 0
    var isClosed = false
  }

  private let state = Mutex(State())

  package init() {}

  /// Yields once now, whenever something happened to the job, and every so many seconds; ends when the server leaves.
  ///
  /// What a slow reader misses is one wake of several, so it looks for changes after every one.
  package func changes(of job: String, beat seconds: Double? = nil) -> AsyncStream<Wake> {
    let (stream, continuation) = AsyncStream.makeStream(of: Wake.self, bufferingPolicy: .bufferingNewest(1))
    let (number, isClosed) = state.withLock { state in
      state.next += 1
      if !state.isClosed { state.followers[state.next] = (job, continuation) }
      return (state.next, state.isClosed)
    }
    let beat = seconds.map { Beat(every: $0, continuation) }
    continuation.onTermination = { [self] _ in
      beat?.stop()
      state.withLock { _ = $0.followers.removeValue(forKey: number) }
    }
    continuation.yield(.change)
    if isClosed { continuation.finish() }
    return stream
  }

  /// Ends every stream.
  package func close() {
    let continuations = state.withLock { state in
      state.isClosed = true
      return state.followers.values.map(\.continuation)
    }
    for continuation in continuations { continuation.finish() }
  }

  func changed(_ job: String) {
    let continuations = state.withLock { state in state.followers.values.filter { $0.job == job }.map(\.continuation) }
    for continuation in continuations { continuation.yield(.change) }
  }
}

/// Wakes one follower again and again.
private final class Beat: @unchecked Sendable {  // nothing changes after init; a Dispatch source may be cancelled anywhere
  private let timer = DispatchSource.makeTimerSource()

  init(every seconds: Double, _ continuation: AsyncStream<JobFeed.Wake>.Continuation) {
    timer.schedule(deadline: .now() + seconds, repeating: seconds)
    timer.setEventHandler { continuation.yield(.beat) }
    timer.activate()
  }

  func stop() { timer.cancel() }
}
