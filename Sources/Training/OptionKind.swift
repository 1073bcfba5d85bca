/// What the value of one option may be, and how it is read from and written as JSON.
package struct OptionKind<Value>: Sendable {
  /// What a value may be, in words.
  package let allowed: String
  /// Whether a text is meant as it stands; otherwise `--set` reads it as JSON.
  package let takesText: Bool
  /// The value, or `nil` where this JSON is none.
  package let read: @Sendable (JSONValue) -> Value?
  package let show: @Sendable (Value) -> JSONValue
}

extension OptionKind {
  /// What `kind` allows, or `null`, which means what `meaning` says.
  package static func orNull<Wrapped>(_ kind: OptionKind<Wrapped>, _ meaning: String) -> Self where Value == Wrapped? {
    Self(allowed: "\(kind.allowed), or null (\(meaning))", takesText: kind.takesText) { json in
      if json == .null { return .some(nil) }
      return kind.read(json).map { .some($0) }
    } show: { value in
      value.map(kind.show) ?? .null
    }
  }
}

extension OptionKind where Value == Int {
  package static func integer(_ range: ClosedRange<Int>) -> Self {
    Self(allowed: "a whole number, \(range.lowerBound) to \(range.upperBound)", takesText: false) { json in
      json.wholeNumber.flatMap { range.contains($0) ? $0 : nil }
    } show: {
      .integer($0)
    }
  }
}

extension OptionKind where Value == Double {
  package static func number(_ range: ClosedRange<Double>) -> Self {
    Self(allowed: "a number, \(range.lowerBound) to \(range.upperBound)", takesText: false) { json in
      json.decimal.flatMap { range.contains($0) ? $0 : nil }
    } show: {
      .number($0)
    }
  }

  package static var share: Self { number(0...1) }
}

extension OptionKind where Value == Bool {
  package static var truth: Self {
    Self(allowed: "true or false", takesText: false) { json in
      guard case .truth(let value) = json else { return nil }
      return value
    } show: {
      .truth($0)
    }
  }
}

extension OptionKind where Value == String {
  package static func text(_ meaning: String) -> Self {
    Self(allowed: meaning, takesText: true) { json in
      json.string.flatMap { $0.isEmpty ? nil : $0 }
    } show: {
      .text($0)
    }
  }
}

extension OptionKind where Value == String {
  /// 64 hexadecimal digits.
  package static var sha256: Self {
    let digits = Set("0123456789abcdef")
    return Self(allowed: "64 hexadecimal digits", takesText: true) { json in
      json.string.flatMap { $0.count == 64 && digits.isSuperset(of: $0) ? $0 : nil }
    } show: {
      .text($0)
    }
  }
}

extension OptionKind where Value == ImageSize {
  package static var imageSize: Self {
    let sides = 1...4096
    return Self(allowed: "a side in pixels, 1 to 4096, or HEIGHTxWIDTH", takesText: false) { json in
      if let side = json.wholeNumber { return sides.contains(side) ? ImageSize(square: side) : nil }
      let parts = (json.string ?? "").split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let height = parts[0], let width = parts[1], sides.contains(height), sides.contains(width) else { return nil }
      return ImageSize(height: height, width: width)
    } show: {
      $0.height == $0.width ? .integer($0.height) : .text($0.description)
    }
  }
}

extension OptionKind where Value: RawRepresentable<String> & CaseIterable & Sendable {
  package static var choice: Self {
    Self(allowed: "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))", takesText: true) { json in
      json.string.flatMap(Value.init(rawValue:))
    } show: {
      .text($0.rawValue)
    }
  }
}
