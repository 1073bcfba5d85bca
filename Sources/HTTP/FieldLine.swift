/// A field line, split at its colon (RFC 9112 §5).
struct FieldLine {
  let name: ArraySlice<UInt8>
  let value: ArraySlice<UInt8>

  init(_ line: ArraySlice<UInt8>) throws(ProtocolError) {
    if let first = line.first, Octet.isBlank(first) {
      throw .malformed("a header line starts with white space; folded lines are not accepted (RFC 9112 §5.2)")
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed("a header line has no colon") }
    name = line[..<colon]
    guard Octet.isToken(name) else {
      throw .malformed("a header field's name is empty or holds a character that names may not have, such as a space before the colon")
    }
    value = Octet.trimmed(line[(colon + 1)...])
    guard value.allSatisfy(Octet.isFieldContent) else {
      throw .malformed("the value of the header field \(String(decoding: name, as: UTF8.self)) holds a control character")
    }
  }
}
