/// Reads numbers and strings front to back from bytes; every step is checked.
struct ByteCursor {
  let bytes: [UInt8]
  var position = 0

  init(_ bytes: [UInt8], position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  mutating func byte() throws(FormatError) -> UInt8 {
    guard position < bytes.count else { throw FormatError("the data ends at byte \(position), in the middle of an item") }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func take(_ count: Int) throws(FormatError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else {
      throw FormatError("an item of \(count) bytes at byte \(position) runs past the end, byte \(bytes.count)")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A little-endian number of `count` bytes.
  mutating func unsigned(_ count: Int) throws(FormatError) -> UInt64 {
    try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A little-endian number that must fit an `Int`.
  mutating func size(_ count: Int) throws(FormatError) -> Int {
    let start = position
    guard let value = Int(exactly: try unsigned(count)) else { throw FormatError("the size at byte \(start) is beyond any file's") }
    return value
  }

  mutating func text(_ count: Int) throws(FormatError) -> String {
    let start = position
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw FormatError("the string at byte \(start) is not UTF-8")
    }
    return text
  }

  /// Bytes up to a newline, which is taken but not returned.
  mutating func line() throws(FormatError) -> String {
    guard let end = bytes[position...].prefix(4096).firstIndex(of: 10) else {
      throw FormatError("the line at byte \(position) does not end")
    }
    let text = try text(end - position)
    position += 1
    return text
  }
}
