package import Foundation

/// Moments as RFC 3339 writes them, in UTC: `2026-01-31T12:00:00Z`.
package enum Timestamp {
  package static func text(_ moment: Date) -> String { moment.formatted(.iso8601) }

  /// With thousandths of a second, for a log.
  static func exactText(_ moment: Date) -> String { moment.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

  /// The moment that `text` names, or `nil` where it is none.
  package static func moment(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }
}
