/// Numbers as clients write them: plain decimal, no blanks, no sign in front of a whole number, nothing that is not finite.
enum Numeral {
  /// The whole number that `text` is, if it lies in `range`.
  static func integer(_ text: some StringProtocol, in range: ClosedRange<Int>) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy(isDigit), let value = Int(text), range.contains(value) else { return nil }
    return value
  }

  /// The decimal number that `text` is, if it lies in `range`.
  static func decimal(_ text: some StringProtocol, in range: ClosedRange<Double>) -> Double? {
    let letters = Set("+-.eE".utf8)
    guard text.utf8.allSatisfy({ isDigit($0) || letters.contains($0) }), text.utf8.contains(where: isDigit),
      let value = Double(text), value.isFinite, range.contains(value)
    else { return nil }
    return value
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
