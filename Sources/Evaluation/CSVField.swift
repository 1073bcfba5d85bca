/// Texts and numbers as the fields of a line of CSV (RFC 4180).
enum CSVField {
  /// In quotes where commas, quotes or line breaks would be taken for CSV's own.
  static func text(_ text: String) -> String {
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"\(text.replacing("\"", with: "\"\""))\""
  }

  /// In the shortest text that reads back the same; nothing where there is no number.
  static func number(_ number: (some BinaryFloatingPoint & CustomStringConvertible)?) -> String { number?.description ?? "" }
}
