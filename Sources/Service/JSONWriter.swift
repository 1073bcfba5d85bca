/// A value that writes itself as JSON.
package protocol JSONWritable {
  /// Appends exactly one JSON value.
  func write(to json: inout JSONWriter)
}

/// Writes JSON (RFC 8259) with members in the order they are written and every float in its shortest text that reads back as the same float.
///
/// `JSONEncoder` can do neither: it sorts or shuffles members and widens a float32 to the double's digits.
package struct JSONWriter {
  /// What has been written, UTF-8.
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init() {}

  /// The bytes of one value.
  package static func bytes(of value: some JSONWritable) -> [UInt8] {
    var json = JSONWriter()
    json.value(value)
    return json.bytes
  }

  /// Writes `{…}`; `members` calls ``member(_:_:)`` for each.
  package mutating func object(_ members: (inout JSONWriter) -> Void) { enclosed("{", "}", members) }

  /// Writes `[…]`; `elements` calls ``value(_:)`` for each.
  package mutating func array(_ elements: (inout JSONWriter) -> Void) { enclosed("[", "]", elements) }

  /// Writes one member of the object being written.
  package mutating func member(_ name: String, _ value: some JSONWritable) {
    separate()
    string(name)
    append(":")
    needsComma = false
    self.value(value)
  }

  /// Writes one member whose value is an object written by `members`.
  package mutating func member(_ name: String, object members: (inout JSONWriter) -> Void) {
    separate()
    string(name)
    append(":")
    needsComma = false
    object(members)
  }

  /// Writes one member whose value is an array written by `elements`.
  package mutating func member(_ name: String, array elements: (inout JSONWriter) -> Void) {
    separate()
    string(name)
    append(":")
    needsComma = false
    array(elements)
  }

  /// Writes one element of the array being written, or the whole document.
  package mutating func value(_ value: some JSONWritable) {
    value.write(to: &self)
  }

  /// Writes `text` as it stands: a number or a literal.
  mutating func literal(_ text: some StringProtocol) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  /// Writes a number below ten, as masks are full of.
  mutating func digit(_ number: UInt8) {
    separate()
    bytes.append(UInt8(ascii: "0") + number)
    needsComma = true
  }

  /// Writes a string with the escapes that RFC 8259 §7 requires, and those that keep it harmless inside HTML.
  mutating func quoted(_ text: String) {
    separate()
    string(text)
    needsComma = true
  }

  private mutating func enclosed(_ opening: StaticString, _ closing: StaticString, _ body: (inout JSONWriter) -> Void) {
    separate()
    append(opening)
    needsComma = false
    body(&self)
    append(closing)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { append(",") }
  }

  private mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func string(_ text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), 0x7F:
        append("\\u00")
        bytes.append(contentsOf: ((byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8)
      default: bytes.append(byte)
      }
    }
    append("\"")
  }
}

extension String: JSONWritable {
  package func write(to json: inout JSONWriter) { json.quoted(self) }
}

extension Bool: JSONWritable {
  package func write(to json: inout JSONWriter) { json.literal(self ? "true" : "false") }
}

extension Int: JSONWritable {
  package func write(to json: inout JSONWriter) { json.literal(String(self)) }
}

extension UInt8: JSONWritable {
  package func write(to json: inout JSONWriter) { self < 10 ? json.digit(self) : json.literal(String(self)) }
}

extension Float: JSONWritable {
  /// The shortest text that reads back as this float32; JSON has no word for a number that is not finite: `null`.
  package func write(to json: inout JSONWriter) { json.literal(isFinite ? description : "null") }
}

extension Double: JSONWritable {
  /// The shortest text that reads back as this float64; JSON has no word for a number that is not finite: `null`.
  package func write(to json: inout JSONWriter) { json.literal(isFinite ? description : "null") }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
  package func write(to json: inout JSONWriter) {
    guard let self else { return json.literal("null") }
    json.value(self)
  }
}

extension Array: JSONWritable where Element: JSONWritable {
  package func write(to json: inout JSONWriter) {
    json.array { json in
      for element in self { json.value(element) }
    }
  }
}
