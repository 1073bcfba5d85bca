import Dispatch

/// The system's clock that never goes back.
package enum MonotonicTime {
  /// Seconds since some fixed moment.
  @Sendable package static func seconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
}
