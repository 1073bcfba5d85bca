/// Where and why a text is not the JSON that was expected.
struct JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
  let description: String
}

/// Reads JSON (RFC 8259) piece by piece, strictly, without building a tree of it: a tensor of numbers costs four bytes a number.
struct JSONReader {
  /// Values within values at most: enough for any request, too few to exhaust the stack.
  private static let maximumDepth = 32

  private let bytes: [UInt8]
  private let end: Int
  private var position = 0
  private var depth = 0

  /// A reader of the first `count` bytes.
  init(_ bytes: [UInt8], count: Int? = nil) {
    self.bytes = bytes
    end = min(count ?? bytes.count, bytes.count)
  }

  /// What kind of value comes next, by its first byte.
  enum Kind: Sendable { case object, array, text, number, truth, null }

  mutating func kind() throws(JSONFault) -> Kind {
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .text
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .truth
    case UInt8(ascii: "n"): return .null
    case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return .number
    default: throw fault("a value is expected")
    }
  }

  /// Reads an object; `member` reads, or skips, the value of each name. No name may stand twice.
  mutating func object(_ member: (inout JSONReader, String) throws(JSONFault) -> Void) throws(JSONFault) {
    var names: Set<String> = []
    try list("{", "}") { (reader) throws(JSONFault) in
      let name = try reader.text()
      guard names.insert(name).inserted else { throw reader.fault("the name \"\(name)\" stands twice in one object") }
      try reader.expect(":")
      try member(&reader, name)
    }
  }

  /// Reads an array; `element` reads, or skips, each value.
  mutating func array(_ element: (inout JSONReader) throws(JSONFault) -> Void) throws(JSONFault) { try list("[", "]", element) }

  /// Nothing but space follows.
  mutating func finish() throws(JSONFault) {
    skipSpace()
    guard position == end else { throw fault("the end is expected") }
  }

  mutating func truth() throws(JSONFault) -> Bool {
    skipSpace()
    if take("true") { return true }
    guard take("false") else { throw fault("true or false is expected") }
    return false
  }

  /// A number as it is written.
  mutating func numeral() throws(JSONFault) -> String {
    skipSpace()
    let start = position
    _ = take("-")
    guard take("0") || digits() > 0 else { throw fault("a number is expected") }
    if take(".") { guard digits() > 0 else { throw fault("a digit is expected") } }
    if take("e") || take("E") {
      _ = take("+") || take("-")
      guard digits() > 0 else { throw fault("a digit is expected") }
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A whole number that fits.
  mutating func integer() throws(JSONFault) -> Int {
    let text = try numeral()
    guard let value = Int(text) else { throw fault("a whole number is expected, not \(text)") }
    return value
  }

  /// Numbers in an array of any depth, in the order in which they stand.
  mutating func floats(into floats: inout [Float]) throws(JSONFault) {
    guard try kind() == .array else {
      let text = try numeral()
      guard let value = Float(text), value.isFinite else { throw fault("the number \(text) is no finite float32") }
      return floats.append(value)
    }
    try array { (reader) throws(JSONFault) in try reader.floats(into: &floats) }
  }

  /// Texts in an array of any depth, in the order in which they stand.
  mutating func texts(into texts: inout [String]) throws(JSONFault) {
    guard try kind() == .array else { return texts.append(try text()) }
    try array { (reader) throws(JSONFault) in try reader.texts(into: &texts) }
  }

  /// Whether an array of any depth begins with a text; reads no further than that.
  mutating func isFirstElementText() throws(JSONFault) -> Bool {
    while try kind() == .array { position += 1 }
    return peek == UInt8(ascii: "\"")
  }

  /// Passes over a value of any kind.
  mutating func skip() throws(JSONFault) {
    switch try kind() {
    case .object: try object { (reader, _) throws(JSONFault) in try reader.skip() }
    case .array: try array { (reader) throws(JSONFault) in try reader.skip() }
    case .text: _ = try text()
    case .number: _ = try numeral()
    case .truth: _ = try truth()
    case .null: guard take("null") else { throw fault("a value is expected") }
    }
  }

  /// RFC 8259 §7.
  mutating func text() throws(JSONFault) -> String {
    try expect("\"")
    var text = ""
    while true {
      let run = bytes[position..<end].prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 }
      guard let piece = String(validating: run, as: UTF8.self) else { throw fault("a text is not UTF-8") }
      text += piece
      position += run.count
      if take("\"") { return text }
      guard take("\\") else { throw fault(position == end ? "a text does not end" : "a control character stands in a text") }
      text.unicodeScalars.append(try escape())
    }
  }

  /// A fault at the place that has been reached.
  func fault(_ reason: String) -> JSONFault { JSONFault(description: "at byte \(position) of the JSON, \(reason)") }
}

extension JSONReader {
  private static let escapes: [UInt8: Unicode.Scalar] = [
    UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{08}", UInt8(ascii: "f"): "\u{0C}",
    UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
  ]

  private mutating func list(
    _ opening: String, _ closing: String, _ item: (inout JSONReader) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    try expect(opening)
    depth += 1
    guard depth <= Self.maximumDepth else { throw fault("more than \(Self.maximumDepth) values lie within each other") }
    defer { depth -= 1 }
    skipSpace()
    if take(closing) { return }
    while true {
      try item(&self)
      skipSpace()
      if take(closing) { return }
      guard take(",") else { throw fault("a comma or \(closing) is expected") }
    }
  }

  private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
    if let byte = peek, let scalar = Self.escapes[byte] {
      position += 1
      return scalar
    }
    guard take("u") else { throw fault("an escape is expected") }
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // The two halves of a scalar beyond U+FFFF.
    guard unit < 0xDC00, take("\\u") else { throw fault("the other half of a surrogate pair is expected") }
    let low = try hexadecimal()
    guard (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x1_0000 + (unit - 0xD800) << 10 + (low - 0xDC00)) else {
      throw fault("the other half of a surrogate pair is expected")
    }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
    let digits = bytes[position..<end].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fault("four hexadecimal digits are expected") }
    position += 4
    return unit
  }

  private var peek: UInt8? { position < end ? bytes[position] : nil }

  private mutating func expect(_ word: String) throws(JSONFault) {
    skipSpace()
    guard take(word) else { throw fault("\(word) is expected") }
  }

  private mutating func take(_ word: String) -> Bool {
    guard end - position >= word.utf8.count, bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  /// How many digits follow; they are passed.
  private mutating func digits() -> Int {
    let start = position
    while let byte = peek, Self.isDigit(byte) { position += 1 }
    return position - start
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }
}
