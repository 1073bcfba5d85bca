package import GRDB

/// Something that happened to a job; what followers are told.
package struct JobEvent: Sendable, Hashable {
  package enum Kind: String, Sendable, CaseIterable { case state, progress, metrics, log, checkpoint }

  /// Grows from event to event over all jobs of a home.
  package let id: Int
  package let kind: Kind
  /// Seconds since 1970.
  package let at: Double
  /// A JSON object in one line.
  package let data: String
}

extension JobEvent: FetchableRecord {
  package init(row: Row) throws {
    id = row["id"]
    // The table's CHECK admits no other words.
    kind = Kind(rawValue: row["kind"]) ?? .log
    at = row["at"]
    data = row["data"]
  }
}

/// An event that is not in the database yet.
struct EventDraft: Sendable, Hashable {
  let kind: JobEvent.Kind
  let data: String
}
