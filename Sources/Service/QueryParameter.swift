/// One query parameter of a route, declared once: how it is read, what it may be, and when it has an effect.
struct QueryParameter: Sendable {
  /// What must hold for a parameter to change anything.
  struct Condition: Sendable {
    /// Completes the sentence "it needs …".
    let need: String
    let holds: @Sendable (InferenceQuery, Circumstances) -> Bool

    init(_ need: String, _ holds: @escaping @Sendable (InferenceQuery, Circumstances) -> Bool) {
      self.need = need
      self.holds = holds
    }
  }

  let name: String
  /// What holds where the parameter is not given, in words.
  let standard: String
  /// What a value may be.
  let allowed: [String]
  /// The same for the service's description of itself.
  let schema: JSONSchema
  /// All of these must hold.
  let conditions: [Condition]
  /// Sets the parameter from text; whether the text was an allowed value.
  let read: @Sendable (String, inout InferenceQuery) -> Bool
}

extension QueryParameter {
  typealias Field<Value> = WritableKeyPath<InferenceQuery, Value?> & Sendable

  static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ field: any Field<Choice>, standard: String, among choices: [Choice] = Array(Choice.allCases),
    when conditions: [Condition] = []
  ) -> Self {
    let words = choices.map(\.rawValue)
    return Self(name: name, standard: standard, allowed: words, schema: .words(words), conditions: conditions) { text, query in
      guard words.contains(text), let value = Choice(rawValue: text) else { return false }
      query[keyPath: field] = value
      return true
    }
  }

  static func integer(
    _ name: String, _ field: any Field<Int>, standard: String, in range: ClosedRange<Int>, when conditions: [Condition] = []
  ) -> Self {
    Self(
      name: name, standard: standard, allowed: ["\(range.lowerBound) to \(range.upperBound)"], schema: .integer(range),
      conditions: conditions
    ) { text, query in
      guard let value = Numeral.integer(text, in: range) else { return false }
      query[keyPath: field] = value
      return true
    }
  }

  static func decimal(
    _ name: String, _ field: any Field<Double>, standard: String, in range: ClosedRange<Double>, when conditions: [Condition] = []
  ) -> Self {
    Self(
      name: name, standard: standard, allowed: ["\(range.lowerBound) to \(range.upperBound)"], schema: .number(range),
      conditions: conditions
    ) { text, query in
      guard let value = Numeral.decimal(text, in: range) else { return false }
      query[keyPath: field] = value
      return true
    }
  }

  static func text(
    _ name: String, _ field: any Field<String>, standard: String, allowed: String, pattern: String, when conditions: [Condition] = [],
    accepts: @escaping @Sendable (String) -> Bool
  ) -> Self {
    Self(name: name, standard: standard, allowed: [allowed], schema: .pattern(pattern), conditions: conditions) { text, query in
      query[keyPath: field] = text
      return accepts(text)
    }
  }
}
