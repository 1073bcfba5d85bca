/// A `Range` of one span of bytes (RFC 9110 §14.1.2).
package enum ByteRange: Equatable, Sendable {
  /// All of it: there is no `Range`, or one that may be ignored (another unit, several spans, a syntax error).
  case whole
  /// These bytes, 206.
  case part(Range<Int>)
  /// None of it exists, 416.
  case unsatisfiable

  /// - Parameter size: The representation's bytes.
  package init(_ field: String?, size: Int) {
    guard let field, let spec = Self.specification(field) else {
      self = .whole
      return
    }
    let (first, last) = spec
    switch (first, last) {
    case (nil, let suffix?):
      self = suffix > 0 && size > 0 ? .part(max(0, size - suffix)..<size) : .unsatisfiable
    case (let first?, let last):
      guard last.map({ $0 >= first }) ?? true else {
        self = .whole
        return
      }
      self = first < size ? .part(first..<min(size, (last ?? size - 1).saturatingAdd(1))) : .unsatisfiable
    case (nil, nil): self = .whole
    }
  }

  private static func specification(_ field: String) -> (first: Int?, last: Int?)? {
    let bytes = Array(field.utf8)
    guard bytes.count > 6, Octet.equal(bytes[..<6], "bytes=") else { return nil }
    let halves = Octet.trimmed(bytes[6...]).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard halves.count == 2, halves.allSatisfy({ $0.allSatisfy(Octet.isDigit) }), !(halves[0].isEmpty && halves[1].isEmpty) else {
      return nil
    }
    return (number(halves[0]), number(halves[1]))
  }

  /// A number beyond `Int` means the same as the greatest one.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    digits.isEmpty ? nil : Int(String(decoding: digits, as: UTF8.self)) ?? .max
  }
}
