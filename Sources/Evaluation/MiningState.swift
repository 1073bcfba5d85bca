import Training

/// Where a mining run is: what `state/state.json` holds, saved only when all results that it counts are on disk.
struct MiningState: Hashable, Sendable {
  /// Images done, those left out included: the run's clock, and the place in the set where it goes on.
  var step = 0
  /// Rows of the results.
  var rows = 0
  /// Images that could not be read.
  var skipped = 0
  /// Bytes of the list of those.
  var skippedBytes = 0
  /// The sum of the rows' reconstruction losses.
  var lossSum = 0.0

  /// The mean reconstruction loss so far; not a number before the first row.
  var meanLoss: Double { lossSum / Double(rows) }

  private static let counts: [(name: String, field: any WritableKeyPath<MiningState, Int> & Sendable)] = [
    ("step", \.step), ("rows", \.rows), ("skipped", \.skipped), ("skipped_bytes", \.skippedBytes),
  ]
  private static let lossSumName = "loss_sum"

  init() {}

  /// What a state file says; `nil` where something is missing or is no count.
  init?(_ bytes: [UInt8]) {
    guard let json = try? JSONValue(parsing: bytes), let lossSum = json[Self.lossSumName]?.decimal else { return nil }
    self.lossSum = lossSum
    for (name, field) in Self.counts {
      guard let value = json[name]?.wholeNumber, value >= 0 else { return nil }
      self[keyPath: field] = value
    }
  }

  var json: JSONValue {
    .object(
      Self.counts.map { JSONValue.Member($0.name, .integer(self[keyPath: $0.field])) }
        + [JSONValue.Member(Self.lossSumName, .number(lossSum))])
  }
}
