import Foundation
import Synchronization

/// The order to stop: SIGTERM or SIGINT asks a run to save its state and end; a second one ends the process at once.
///
/// What follows within a second is an echo of the first, not a second order: `timeout`, for one, signals the process and then its group.
///
/// The trainer asks ``received`` between steps.
package final class StopSignal: Sendable {
  package enum Cause: Int32, CaseIterable, Sendable {
    case interrupt = 2
    case terminate = 15

    /// What a shell shows of a process that the signal ended.
    package var exitCode: Int32 { 128 + rawValue }
    package var name: String { self == .interrupt ? "SIGINT" : "SIGTERM" }
  }

  private let first = Mutex<(cause: Cause, at: ContinuousClock.Instant)?>(nil)
  private let echo: Duration
  private let exitAtOnce: @Sendable (Int32) -> Void

  /// - Parameters:
  ///   - echo: For how long further signals are taken for the first.
  ///   - exitAtOnce: What a second signal does; tests look on instead.
  package init(echo: Duration = .seconds(1), exitAtOnce: @escaping @Sendable (Int32) -> Void = { _exit($0) }) {
    self.echo = echo
    self.exitAtOnce = exitAtOnce
  }

  /// The signal that asked to stop, or `nil` while none did.
  package var received: Cause? { first.withLock { $0?.cause } }

  /// Takes note of a signal.
  package func receive(_ cause: Cause) {
    let isSecond = first.withLock { first in
      guard let at = first?.at else {
        first = (cause, .now)
        return false
      }
      return ContinuousClock.now - at >= echo
    }
    if isSecond { exitAtOnce(cause.exitCode) }
  }

  /// Receives the process's signals from now on, until what is returned is cancelled.
  ///
  /// Returns when Dispatch has put its handlers in place: until then a signal ends the process as always. It must not be ignored before,
  /// since one that came in between would be lost.
  package func listen(to causes: [Cause] = Cause.allCases) -> Listening { Listening(self, causes) }

  /// The process's signals on their way to a ``StopSignal``.
  package final class Listening: @unchecked Sendable {  // nothing changes after init; Dispatch sources may be cancelled anywhere
    private let sources: [any DispatchSourceSignal]
    private let causes: [Cause]

    init(_ stop: StopSignal, _ causes: [Cause]) {
      self.causes = causes
      let registered = DispatchSemaphore(value: 0)
      sources = causes.map { cause in
        let source = DispatchSource.makeSignalSource(signal: cause.rawValue, queue: .global())
        source.setEventHandler { stop.receive(cause) }
        source.setRegistrationHandler { registered.signal() }
        source.resume()
        return source
      }
      for _ in causes { registered.wait() }
    }

    /// Gives the signals back their usual meaning.
    package func cancel() {
      for source in sources { source.cancel() }
      for cause in causes { signal(cause.rawValue, SIG_DFL) }
    }
  }
}
