/// Reads one JSON text (RFC 8259), strictly: objects keep their order, no name may stand twice in one, and a fault is told with its place.
///
/// Foundation's decoder takes the first of two equal names, lets a comma stand before a bracket, and does not say where a text goes wrong.
struct JSONParser {
  /// Values within values: enough for any configuration, too few to exhaust the stack.
  private static let maximumDepth = 100

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The whole text's value.
  mutating func document() throws(JSONFault) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw fault("expected the end") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth < Self.maximumDepth else { throw fault("more than \(Self.maximumDepth) values lie within each other") }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return .object(try members(depth: depth))
    case UInt8(ascii: "["): return .array(try elements(depth: depth))
    case UInt8(ascii: "\""): return .text(try text())
    case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
    default: break
    }
    for (word, value) in [("true", JSONValue.truth(true)), ("false", .truth(false)), ("null", .null)] where take(word) { return value }
    throw fault("expected a value")
  }

  private mutating func members(depth: Int) throws(JSONFault) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    try list(until: "}") { (parser) throws(JSONFault) in
      parser.skipSpace()
      guard parser.peek == UInt8(ascii: "\"") else { throw parser.fault("expected a name in quotation marks") }
      let name = try parser.text()
      guard names.insert(name).inserted else { throw parser.fault("the name \"\(name)\" stands twice in one object") }
      parser.skipSpace()
      guard parser.take(":") else { throw parser.fault("expected a colon") }
      members.append(JSONValue.Member(name, try parser.value(depth: depth + 1)))
    }
    return members
  }

  private mutating func elements(depth: Int) throws(JSONFault) -> [JSONValue] {
    var elements: [JSONValue] = []
    try list(until: "]") { (parser) throws(JSONFault) in elements.append(try parser.value(depth: depth + 1)) }
    return elements
  }

  /// Items with commas between them, from the opening bracket to the closing one.
  private mutating func list(
    until closing: String, _ item: (inout JSONParser) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    position += 1
    skipSpace()
    if take(closing) { return }
    while true {
      try item(&self)
      skipSpace()
      if take(closing) { return }
      guard take(",") else { throw fault("expected a comma or \(closing)") }
    }
  }

  /// RFC 8259 §6. A whole number that fits is kept as one.
  private mutating func number() throws(JSONFault) -> JSONValue {
    let start = position
    _ = take("-")
    guard take("0") || digits() > 0 else { throw fault("expected a digit") }
    let isWhole = peek != UInt8(ascii: ".") && peek != UInt8(ascii: "e") && peek != UInt8(ascii: "E")
    if take(".") { guard digits() > 0 else { throw fault("expected a digit") } }
    if take("e") || take("E") {
      _ = take("+") || take("-")
      guard digits() > 0 else { throw fault("expected a digit") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("the number \(text) is too great") }
    return .number(value)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  /// How many digits follow; they are passed.
  private mutating func digits() -> Int {
    let count = bytes[position...].prefix(while: Self.isDigit).count
    position += count
    return count
  }

  /// RFC 8259 §7.
  private mutating func text() throws(JSONFault) -> String {
    position += 1
    var text = ""
    while true {
      let run = bytes[position...].prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 }
      guard let piece = String(validating: run, as: UTF8.self) else { throw fault("the text is not UTF-8") }
      text += piece
      position += run.count
      if take("\"") { return text }
      guard take("\\") else { throw fault(position == bytes.count ? "the text does not end" : "a control character stands in a text") }
      text.unicodeScalars.append(try escape())
    }
  }

  private static let escapes: [UInt8: Unicode.Scalar] = [
    UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{08}", UInt8(ascii: "f"): "\u{0C}",
    UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
  ]

  private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
    if let byte = peek, let scalar = Self.escapes[byte] {
      position += 1
      return scalar
    }
    guard take("u") else { throw fault("expected an escape") }
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // The two halves of a scalar beyond U+FFFF.
    guard unit < 0xDC00, take("\\u") else { throw fault("expected the other half of a surrogate pair") }
    let low = try hexadecimal()
    guard (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x1_0000 + (unit - 0xD800) << 10 + (low - 0xDC00)) else {
      throw fault("expected the other half of a surrogate pair")
    }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fault("expected four hexadecimal digits") }
    position += 4
    return unit
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private func fault(_ reason: String) -> JSONFault {
    let before = bytes[..<position]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let column = position - ((before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1) + 1
    return JSONFault(description: "line \(line), column \(column): \(reason)")
  }
}

/// Where and why a text is not JSON.
package struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
}
