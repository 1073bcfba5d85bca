/// The header of a `.npy` file: a Python dictionary literal with the keys `descr`, `fortran_order` and `shape`, read by its grammar alone.
struct NumPyHeader {
  struct Fields {
    let type: String
    let isFortranOrder: Bool
    let shape: [Int]
  }

  private static let maximumRank = 32
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The three fields, in any order, each once.
  mutating func parse() throws(NumPyError) -> Fields {
    var type: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !accept("}") {
      let offset = position
      switch try text() {
      case "descr" where type == nil:
        try expect(":")
        type = try text()
      case "fortran_order" where isFortranOrder == nil:
        try expect(":")
        isFortranOrder = try boolean()
      case "shape" where shape == nil:
        try expect(":")
        shape = try tuple()
      default: throw .malformedHeader(at: offset, expected: "one each of 'descr', 'fortran_order' and 'shape'")
      }
      guard accept(",") else {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == bytes.endIndex else { throw .malformedHeader(at: position, expected: "the end of the header") }
    guard let type, let isFortranOrder, let shape else {
      throw .malformedHeader(at: position, expected: "'descr', 'fortran_order' and 'shape' before the end")
    }
    return Fields(type: type, isFortranOrder: isFortranOrder, shape: shape)
  }

  private mutating func skipSpace() {
    while position < bytes.endIndex, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\n") { position += 1 }
  }

  private mutating func accept(_ token: StaticString) -> Bool {
    skipSpace()
    let wanted = UnsafeBufferPointer(start: token.utf8Start, count: token.utf8CodeUnitCount)
    guard bytes[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  private mutating func expect(_ token: StaticString) throws(NumPyError) {
    guard accept(token) else { throw .malformedHeader(at: position, expected: "\(token)") }
  }

  /// A string in single or double quotes, printable ASCII without escapes.
  private mutating func text() throws(NumPyError) -> String {
    skipSpace()
    guard position < bytes.endIndex, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(bytes[position]) else {
      throw .malformedHeader(at: position, expected: "a quoted string")
    }
    let quote = bytes[position]
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote), bytes[start..<end].allSatisfy({ (32...126).contains($0) && $0 != 92 }) else {
      throw .malformedHeader(at: position, expected: "a quoted string of printable ASCII")
    }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func boolean() throws(NumPyError) -> Bool {
    if accept("True") { return true }
    guard accept("False") else { throw .malformedHeader(at: position, expected: "True or False") }
    return false
  }

  private mutating func tuple() throws(NumPyError) -> [Int] {
    try expect("(")
    var extents: [Int] = []
    while !accept(")") {
      guard extents.count < Self.maximumRank else { throw .malformedHeader(at: position, expected: "at most \(Self.maximumRank) axes") }
      extents.append(try number())
      guard accept(",") else {
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func number() throws(NumPyError) -> Int {
    skipSpace()
    let digits = bytes[position...].prefix { (48...57).contains($0) }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw .malformedHeader(at: position, expected: "an extent")
    }
    position += digits.count
    return value
  }
}
