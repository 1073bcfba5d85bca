import Foundation

/// Moments as RFC 3339 writes them, in UTC: `2026-01-31T12:00:00Z`.
enum Timestamp {
  static func text(_ secondsSince1970: Double) -> String {
    Date(timeIntervalSince1970: secondsSince1970).formatted(.iso8601)
  }

  /// Seconds since 1970.
  static func now() -> Double { Date().timeIntervalSince1970 }
}
