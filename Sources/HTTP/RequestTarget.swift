/// A request target's path and query, percent-decoded (RFC 3986 §2.1).
struct RequestTarget: Equatable {
  let path: String
  let segments: [String]
  let query: [QueryItem]

  init(_ target: String) throws(ProtocolError) {
    guard target != "*" else {
      (path, segments, query) = ("*", ["*"], [])
      return
    }
    let bytes = Array(target.utf8)
    let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
    let rawPath = bytes[..<(mark ?? bytes.endIndex)]
    guard rawPath.first == UInt8(ascii: "/") else { throw .malformed("the request target must start with “/”") }
    path = try Self.decoded(rawPath, plus: .literal, part: "path")
    segments = try Self.segments(of: rawPath)
    query = try mark.map { mark throws(ProtocolError) in try Self.items(bytes[(mark + 1)...]) } ?? []
  }

  private enum Plus {
    case literal
    case space
  }

  private static func segments(of path: ArraySlice<UInt8>) throws(ProtocolError) -> [String] {
    guard path.count > 1 else { return [] }
    var segments: [String] = []
    for segment in path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      segments.append(try decoded(segment, plus: .literal, part: "path"))
    }
    return segments
  }

  private static func items(_ query: ArraySlice<UInt8>) throws(ProtocolError) -> [QueryItem] {
    var items: [QueryItem] = []
    for pair in query.split(separator: UInt8(ascii: "&")) {
      let equals = pair.firstIndex(of: UInt8(ascii: "="))
      let name = try decoded(pair[..<(equals ?? pair.endIndex)], plus: .space, part: "query")
      let value = try equals.map { equals throws(ProtocolError) in try decoded(pair[(equals + 1)...], plus: .space, part: "query") } ?? ""
      items.append(QueryItem(name: name, value: value))
    }
    return items
  }

  private static func decoded(_ bytes: ArraySlice<UInt8>, plus: Plus, part: String) throws(ProtocolError) -> String {
    let isPlain = !bytes.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") || $0 == 0 }
    if isPlain, let text = String(validating: bytes, as: UTF8.self) { return text }
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      switch bytes[index] {
      case UInt8(ascii: "%"):
        guard bytes.endIndex - index > 2, let high = Octet.hexadecimal(bytes[index + 1]), let low = Octet.hexadecimal(bytes[index + 2])
        else {
          throw .malformed("a “%” of the \(part) is not followed by two hexadecimal digits; write a plain per cent sign as %25")
        }
        output.append(high << 4 | low)
        index += 3
      case UInt8(ascii: "+") where plus == .space:
        output.append(Octet.space)
        index += 1
      case let byte:
        output.append(byte)
        index += 1
      }
    }
    guard !output.contains(0) else { throw .malformed("the \(part) contains a NUL") }
    guard let text = String(validating: output, as: UTF8.self) else { throw .malformed("the \(part) does not decode to UTF-8") }
    return text
  }
}
