extension JSONValue {
  /// The value on one line, every number in its shortest text that reads back the same; a number that is not finite is `null`.
  package var compact: String {
    switch self {
    case .null: "null"
    case .truth(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): value.isFinite ? value.description : "null"
    case .text(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.compact).joined(separator: ",") + "]"
    case .object(let members): "{" + members.map { "\(Self.quoted($0.name)):\($0.value.compact)" }.joined(separator: ",") + "}"
    }
  }

  /// The value for people: a line a member, two spaces a level, a newline at the end.
  package var pretty: String { indented("") + "\n" }

  private func indented(_ margin: String) -> String {
    guard case .object(let members) = self, !members.isEmpty else { return compact }
    let inner = margin + "  "
    let lines = members.map { "\(inner)\(Self.quoted($0.name)): \($0.value.indented(inner))" }
    return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
  }

  /// With the escapes that RFC 8259 §7 requires.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{00}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
