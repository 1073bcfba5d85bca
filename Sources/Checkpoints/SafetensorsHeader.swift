import Tensors

/// The header of a safetensors file: JSON of one fixed form, `{"name": {"dtype": …, "shape": […], "data_offsets": […]}, …}` with an
/// optional `"__metadata__"` of strings. Read by that grammar alone, so that nesting and duplicates cannot surprise.
struct SafetensorsHeader {
  struct Entry {
    let name: String
    let type: ElementType
    let shape: Shape
    let start: Int
    let end: Int
  }

  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]
  private var cursor: ByteCursor
  private var names: Set<String> = []

  init(parsing bytes: [UInt8]) throws(FormatError) {
    cursor = ByteCursor(bytes)
    try expect("{", "at the start of the header")
    if try !accept("}") {
      repeat { try member() } while try accept(",")
      try expect("}", "after a tensor")
    }
    skipSpace()
    guard cursor.position == bytes.count else { throw FormatError("the header has bytes after its JSON, at byte \(8 + cursor.position)") }
  }

  private mutating func member() throws(FormatError) {
    let name = try string()
    guard names.insert(name).inserted else { throw FormatError("the header names \(quoted(name)) twice") }
    try expect(":", "after a name")
    if name == "__metadata__" { return try metadataMembers() }
    entries.append(try entry(name))
  }

  private mutating func metadataMembers() throws(FormatError) {
    try expect("{", "in __metadata__")
    if try accept("}") { return }
    repeat {
      let key = try string()
      try expect(":", "in __metadata__")
      guard metadata.updateValue(try string(), forKey: key) == nil else { throw FormatError("__metadata__ names \(quoted(key)) twice") }
    } while try accept(",")
    try expect("}", "after __metadata__")
  }

  private mutating func entry(_ name: String) throws(FormatError) -> Entry {
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try expect("{", "for tensor \(quoted(name))")
    repeat {
      switch try string() {
      case "dtype" where typeName == nil:
        try expect(":", "after dtype")
        typeName = try string()
      case "shape" where shape == nil:
        try expect(":", "after shape")
        shape = try numbers(of: name)
      case "data_offsets" where offsets == nil:
        try expect(":", "after data_offsets")
        offsets = try numbers(of: name)
      case let key: throw FormatError("tensor \(quoted(name)) has an unknown or repeated member \(quoted(key))")
      }
    } while try accept(",")
    try expect("}", "after tensor \(quoted(name))")
    guard let typeName, let shape, let offsets, offsets.count == 2 else {
      throw FormatError("tensor \(quoted(name)) lacks one of dtype, shape and two data_offsets")
    }
    guard let type = Self.elementType(typeName) else {
      throw FormatError("tensor \(quoted(name)) is of type \(quoted(typeName)), which is not read")
    }
    return try checkedEntry(name, type, shape, offsets)
  }

  private func checkedEntry(_ name: String, _ type: ElementType, _ dimensions: [Int], _ offsets: [Int]) throws(FormatError) -> Entry {
    guard let shape = StoredTensor.shape(claimed: dimensions) else {
      throw FormatError("tensor \(quoted(name)) has the shape \(dimensions), whose element count overflows")
    }
    let (size, overflows) = shape.elementCount.multipliedReportingOverflow(by: type.byteCount)
    guard !overflows, offsets[0] <= offsets[1], offsets[1] - offsets[0] == size else {
      throw FormatError(
        "tensor \(quoted(name)) of shape \(dimensions) and \(type.byteCount)-byte elements does not fill its data_offsets \(offsets)")
    }
    return Entry(name: name, type: type, shape: shape, start: offsets[0], end: offsets[1])
  }

  private static func elementType(_ name: String) -> ElementType? {
    switch name {
    case "F64": .float64
    case "F32": .float32
    case "F16": .float16
    case "BF16": .bfloat16
    case "I64": .int64
    case "I32": .int32
    case "I16": .int16
    case "I8": .int8
    case "U64": .uint64
    case "U32": .uint32
    case "U16": .uint16
    case "U8": .uint8
    case "BOOL": .bool
    default: nil
    }
  }

  private mutating func skipSpace() {
    while cursor.position < cursor.bytes.count, [32, 9, 10, 13].contains(cursor.bytes[cursor.position]) { cursor.position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) throws(FormatError) -> Bool {
    skipSpace()
    guard cursor.position < cursor.bytes.count, cursor.bytes[cursor.position] == UInt8(ascii: character) else { return false }
    cursor.position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(FormatError) {
    guard try accept(character) else {
      throw FormatError("the header is not valid: expected \(character) \(place), at byte \(8 + cursor.position)")
    }
  }

  private mutating func numbers(of name: String) throws(FormatError) -> [Int] {
    try expect("[", "for tensor \(quoted(name))")
    var values: [Int] = []
    if try accept("]") { return values }
    repeat {
      skipSpace()
      let digits = cursor.bytes[cursor.position...].prefix { (48...57).contains($0) || $0 == 45 }
      guard values.count < 64, let value = Int(String(decoding: digits, as: UTF8.self)), value >= 0 else {
        throw FormatError("tensor \(quoted(name)) has a negative, malformed or overlong extent or offset, at byte \(8 + cursor.position)")
      }
      cursor.position += digits.count
      values.append(value)
    } while try accept(",")
    try expect("]", "after the numbers of tensor \(quoted(name))")
    return values
  }

  private mutating func string() throws(FormatError) -> String {
    skipSpace()
    try expect("\"", "before a name")
    var text: [UInt8] = []
    while true {
      let byte = try cursor.byte()
      switch byte {
      case UInt8(ascii: "\""):
        guard let valid = String(validating: text, as: UTF8.self) else { throw FormatError("a string of the header is not UTF-8") }
        return valid
      case 0..<32: throw FormatError("a string of the header has a control character, at byte \(8 + cursor.position)")
      case UInt8(ascii: "\\"): try escape(into: &text)
      default: text.append(byte)
      }
    }
  }

  /// One escape of RFC 8259 §7.
  private mutating func escape(into text: inout [UInt8]) throws(FormatError) {
    switch try cursor.byte() {
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "u"): text += Array(String(try unicodeEscape()).utf8)
    case let byte where [34, 47, 92].contains(byte): text.append(byte)
    default: throw FormatError("the header has an unknown escape, at byte \(8 + cursor.position)")
    }
  }

  private mutating func unicodeEscape() throws(FormatError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, try cursor.byte() == UInt8(ascii: "\\"), try cursor.byte() == UInt8(ascii: "u") else {
      throw FormatError("the header has half a surrogate pair, at byte \(8 + cursor.position)")
    }
    let second = try hexadecimal()
    guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + second - 0xDC00) else {
      throw FormatError("the header has half a surrogate pair, at byte \(8 + cursor.position)")
    }
    return scalar
  }

  private mutating func hexadecimal() throws(FormatError) -> UInt32 {
    let digits = try cursor.text(4)
    guard digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
      throw FormatError("the header has a malformed escape, at byte \(8 + cursor.position)")
    }
    return value
  }
}

/// A name out of a file, safe to print: at most 100 scalars, those that steer a terminal or the direction of writing escaped.
func quoted(_ name: String) -> String {
  func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
    default: true
    }
  }
  return "\"" + name.unicodeScalars.prefix(100).map { isSafe($0) ? String($0) : $0.escaped(asASCII: true) }.joined() + "\""
}
