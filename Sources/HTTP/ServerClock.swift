import Dispatch
import Glibc

/// The time a server goes by; tests bring one that they move by hand.
package protocol ServerClock: Sendable {
  /// Time since some fixed moment, never running backwards.
  func now() -> Duration
  /// Calls `action` about every `interval` until the result is cancelled.
  func tick(every interval: Duration, _ action: @escaping @Sendable () -> Void) -> any ClockTick
}

extension Duration {
  /// Whole nanoseconds, at most those of 292 years.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : whole &+ attoseconds / 1_000_000_000
  }
}

/// Calls that go on until they are cancelled.
package protocol ClockTick: Sendable {
  func cancel()
}

/// The system's monotonic clock.
package struct MonotonicClock: ServerClock {
  package init() {}

  package func now() -> Duration {
    var moment = timespec()
    clock_gettime(CLOCK_MONOTONIC, &moment)
    return .seconds(moment.tv_sec) + .nanoseconds(moment.tv_nsec)
  }

  package func tick(every interval: Duration, _ action: @escaping @Sendable () -> Void) -> any ClockTick {
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "hpm.http.clock"))
    let (seconds, attoseconds) = interval.components
    let period = DispatchTimeInterval.nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
    timer.schedule(deadline: .now() + period, repeating: period, leeway: .milliseconds(50))
    timer.setEventHandler(handler: action)
    timer.resume()
    return TimerTick(timer: timer)
  }
}

/// `@unchecked`: a Dispatch source may be cancelled from any thread.
private struct TimerTick: ClockTick, @unchecked Sendable {
  let timer: any DispatchSourceTimer

  func cancel() { timer.cancel() }
}
