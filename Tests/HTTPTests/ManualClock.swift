import HTTP
import Synchronization

/// A clock that stands still until a test moves it.
final class ManualClock: ServerClock {
  private struct State {
    var now = Duration.zero
    var ticks: [Int: @Sendable () -> Void] = [:]
    var next = 0
  }

  private final class Tick: ClockTick {
    private let onCancel: @Sendable () -> Void

    init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    func cancel() { onCancel() }
  }

  private let state = Mutex(State())

  func now() -> Duration { state.withLock { $0.now } }

  func tick(every interval: Duration, _ action: @escaping @Sendable () -> Void) -> any ClockTick {
    let number = state.withLock { state in
      state.next += 1
      state.ticks[state.next] = action
      return state.next
    }
    return Tick { [self] in state.withLock { $0.ticks[number] = nil } }
  }

  func advance(by interval: Duration) {
    let actions = state.withLock { state in
      state.now += interval
      return Array(state.ticks.values)
    }
    for action in actions { action() }
  }
}
