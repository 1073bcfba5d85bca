/// All of a run that is not an array of numbers: where it is, and what chance and the schedules remember.
package struct RunState: Hashable, Sendable {
  /// Optimizer steps tried so far, skipped ones included: the clock of metrics.
  package var step = 0
  /// The epoch that comes next, or goes on, counted from 0.
  package var epoch = 0
  /// Batches of that epoch that are done: where the sampler goes on.
  package var batch = 0
  /// Steps skipped since the last that was not.
  package var skippedInRow = 0
  /// Steps skipped in all.
  package var skipped = 0
  /// Schedule clocks and running sums by name, kept bit by bit.
  package var clocks: [String: Double] = [:]
  /// States of random streams and counters by name.
  package var words: [String: UInt64] = [:]

  package init() {}

  private static let counts: [(name: String, field: any WritableKeyPath<RunState, Int> & Sendable)] = [
    ("step", \.step), ("epoch", \.epoch), ("batch", \.batch), ("skipped_in_row", \.skippedInRow), ("skipped", \.skipped),
  ]

  /// As the header of a state file has it; 64-bit words are hexadecimal texts, since JSON's numbers are doubles.
  var json: JSONValue {
    func members(_ words: [String: UInt64]) -> JSONValue {
      .object(words.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .text(String($0.value, radix: 16))) })
    }
    return .object(
      Self.counts.map { JSONValue.Member($0.name, .integer(self[keyPath: $0.field])) }
        + [JSONValue.Member("clocks", members(clocks.mapValues(\.bitPattern))), JSONValue.Member("words", members(words))])
  }

  /// What a header says, or `nil` where something is missing or is no count.
  init?(_ json: JSONValue) {
    func words(_ name: String) -> [String: UInt64]? {
      guard case .object(let members)? = json[name] else { return nil }
      let pairs = members.compactMap { member in
        member.value.string.flatMap { UInt64($0, radix: 16) }.map { (member.name, $0) }
      }
      return pairs.count == members.count ? Dictionary(pairs) { first, _ in first } : nil
    }
    guard let clocks = words("clocks"), let words = words("words") else { return nil }
    self.clocks = clocks.mapValues(Double.init(bitPattern:))
    self.words = words
    for (name, field) in Self.counts {
      guard let value = json[name]?.wholeNumber, value >= 0 else { return nil }
      self[keyPath: field] = value
    }
  }
}

/// One named run of float32 numbers in a state file, such as `student/blocks.0.attn.qkv.weight` or `optimizer/first_moment`.
package struct StateArray: Hashable, Sendable {
  package let name: String
  package let count: Int

  package init(name: String, count: Int) {
    precondition(count >= 0, "\(name) has \(count) numbers")
    self.name = name
    self.count = count
  }
}
