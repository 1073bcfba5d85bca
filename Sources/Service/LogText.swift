/// Text inside a line of the log: printable ASCII whatever it was, so that it can neither end a line nor command a terminal.
struct LogText: JSONWritable {
  let text: String

  init(_ text: String) { self.text = text }

  /// A JSON string (RFC 8259 §7) with every character beyond ASCII escaped.
  var quoted: String {
    guard !text.utf8.allSatisfy(Self.isVerbatim) else { return "\"\(text)\"" }
    var quoted = "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22: quoted += "\\\""
      case 0x5C: quoted += "\\\\"
      case 0x20..<0x7F: quoted.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return quoted + "\""
  }

  /// The text itself where it is one plain word, else ``quoted``.
  var word: String { !text.isEmpty && text.utf8.allSatisfy(Self.isPlain) ? text : quoted }

  func write(to json: inout JSONWriter) { json.literal(quoted) }

  /// Whether a byte stands for itself between quotation marks.
  private static func isVerbatim(_ byte: UInt8) -> Bool {
    (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x21..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
  }
}
