import Dispatch
import HTTP
import Synchronization

/// A few Dispatch threads for work that computes for long, such as decoding, which must not hold a thread of Swift's cooperative pool.
package final class WorkPool: Sendable {
  private struct State {
    var running = 0
    var waiting: [@Sendable () -> Void] = []
    var next = 0
  }

  /// How many pieces of work are done at once.
  let width: Int
  private let queue = DispatchQueue(label: "hpm.work", attributes: .concurrent)
  private let state = Mutex(State())

  /// A pool of `width` threads, at least one.
  package init(width: Int) { self.width = max(width, 1) }

  /// Does `work` on a thread of the pool, in order of arrival, on behalf of the current request, and gives its result.
  package func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    let context = RequestContext.current
    return await Handover.value { hand in
      submit { hand(RequestContext.$current.withValue(context) { work() }) }
    }
  }

  private func submit(_ job: @escaping @Sendable () -> Void) {
    let starts = state.withLock { state in
      guard state.running < width else {
        state.waiting.append(job)
        return false
      }
      state.running += 1
      return true
    }
    if starts { queue.async { self.work(from: job) } }
  }

  private func work(from first: @Sendable () -> Void) {
    first()
    while let job = nextJob() { job() }
  }

  /// The oldest waiting job; with none, this thread counts as gone.
  private func nextJob() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard state.next < state.waiting.count else {
        state.waiting.removeAll()
        state.next = 0
        state.running -= 1
        return nil
      }
      defer { state.next += 1 }
      return state.waiting[state.next]
    }
  }
}
