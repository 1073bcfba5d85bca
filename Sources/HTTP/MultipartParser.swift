/// Reads `multipart/form-data` (RFC 7578, RFC 2046 §5.1) out of a body that is already in memory.
package struct MultipartParser: Sendable {
  /// What a form may have; parsers without these limits have been brought down through them.
  package struct Limits: Sendable, Equatable {
    /// Parts of a form.
    package var parts = 256
    /// Header fields of a part.
    package var partHeaderFields = 16
    /// Octets of a part's header fields.
    package var partHeaderBytes = 8 * 1024
    /// Octets before the first boundary.
    package var preambleBytes = 1024
    /// Octets after the last boundary.
    package var epilogueBytes = 1024

    package init() {}
  }

  /// One part; its bytes stay in the body.
  package struct Part: Sendable, Equatable {
    /// The form field's name.
    package let name: String
    /// The file's name as the client says it; never a path to use.
    package let filename: String?
    /// The part's `Content-Type`.
    package let contentType: String?
    /// Where its content lies in the body.
    package let range: Range<Int>
  }

  /// RFC 2046 §5.1.1.
  private static let maximumBoundary = 70

  private let delimiter: [UInt8]
  private let limits: Limits

  /// - Throws: ``MultipartError`` where the `Content-Type` names no boundary of 1 to 70 allowed characters.
  package init(contentType: String, limits: Limits = Limits()) throws(MultipartError) {
    guard let parsed = MediaType(contentType), parsed.type == "multipart", parsed.subtype == "form-data" else {
      throw .malformed("the Content-Type is not multipart/form-data")
    }
    guard let boundary = parsed.parameters["boundary"], !boundary.isEmpty, boundary.utf8.count <= Self.maximumBoundary,
      boundary.utf8.allSatisfy(Self.isBoundary), !boundary.hasSuffix(" ")
    else { throw .malformed("the Content-Type has no boundary of 1 to \(Self.maximumBoundary) allowed characters") }
    delimiter = Array("--\(boundary)".utf8)
    self.limits = limits
  }

  private static func isBoundary(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: "'()+_,-./:=? ".utf8.contains(byte)
    }
  }

  /// The parts in their order.
  ///
  /// - Throws: ``MultipartError`` where the form is broken or over a limit.
  package func parts(of body: [UInt8]) throws(MultipartError) -> [Part] {
    var parts: [Part] = []
    guard let first = nextDelimiter(in: body, from: 0) else { throw .malformed("the body does not hold its boundary") }
    guard first.start <= limits.preambleBytes else {
      throw .tooLarge("there are more than \(limits.preambleBytes) bytes before the first part")
    }
    var here = first
    while !here.isLast {
      guard parts.count < limits.parts else { throw .tooLarge("the form has more than \(limits.parts) parts") }
      var reader = PartReader(body: body, position: here.end, limits: limits)
      let header = try reader.header()
      // The blank line's CRLF may also be the one before the next boundary, where a part is empty.
      guard let next = nextDelimiter(in: body, from: max(here.end, reader.position - 2)) else {
        throw .malformed("part \(parts.count + 1) is not followed by the boundary; the body was cut short")
      }
      let content = reader.position..<max(reader.position, next.start)
      parts.append(try header.part(range: content, number: parts.count + 1))
      here = next
    }
    guard body.count - here.end <= limits.epilogueBytes else {
      throw .tooLarge("there are more than \(limits.epilogueBytes) bytes after the last part")
    }
    return parts
  }

  private struct Delimiter {
    /// Where the content before it ends (before its CRLF).
    let start: Int
    let end: Int
    let isLast: Bool
  }

  /// The boundary at the start of a line, followed by blanks and CRLF, or by `--`.
  private func nextDelimiter(in body: [UInt8], from position: Int) -> Delimiter? {
    var index = position
    while index + delimiter.count <= body.count {
      guard let dash = body[index...].firstIndex(of: UInt8(ascii: "-")) else { return nil }
      index = dash
      defer { index += 1 }
      let startsLine = dash == 0 || (dash >= position + 2 && body[dash - 1] == Octet.lineFeed && body[dash - 2] == Octet.carriageReturn)
      guard startsLine, body[dash...].starts(with: delimiter) else { continue }
      if let end = ending(in: body, at: dash + delimiter.count) {
        return Delimiter(start: max(0, dash - 2), end: end.position, isLast: end.isLast)
      }
    }
    return nil
  }

  private func ending(in body: [UInt8], at position: Int) -> (position: Int, isLast: Bool)? {
    if body[position...].starts(with: "--".utf8) { return (position + 2, true) }
    let rest = body[position...].drop(while: Octet.isBlank)
    return rest.starts(with: [Octet.carriageReturn, Octet.lineFeed]) ? (rest.startIndex + 2, false) : nil
  }
}

/// Why a form could not be read.
package enum MultipartError: Error, Sendable, Equatable, CustomStringConvertible {
  /// 400: it is no valid form.
  case malformed(String)
  /// 413: it is over a limit.
  case tooLarge(String)

  package var description: String {
    switch self {
    case .malformed(let sentence), .tooLarge(let sentence): sentence
    }
  }
}

/// Reads a part's header lines.
private struct PartReader {
  struct Header {
    var disposition: MediaType?
    var contentType: String?

    func part(range: Range<Int>, number: Int) throws(MultipartError) -> MultipartParser.Part {
      guard let disposition, disposition.type == "form-data", let name = disposition.parameters["name"] else {
        throw .malformed("part \(number) has no “Content-Disposition: form-data; name=…”")
      }
      return .init(name: name, filename: disposition.parameters["filename"], contentType: contentType, range: range)
    }
  }

  let body: [UInt8]
  var position: Int
  let limits: MultipartParser.Limits

  mutating func header() throws(MultipartError) -> Header {
    var header = Header()
    var fields = 0
    let start = position
    while true {
      let line = try line(before: start.saturatingAdd(limits.partHeaderBytes).saturatingAdd(2))
      if line.isEmpty { return header }
      fields += 1
      guard fields <= limits.partHeaderFields else { throw .tooLarge("a part has more than \(limits.partHeaderFields) header fields") }
      let field: FieldLine
      do throws(ProtocolError) { field = try FieldLine(line) } catch { throw .malformed("a part's header is broken: \(error.detail)") }
      let value = String(decoding: field.value, as: UTF8.self)
      if Octet.equal(field.name, "content-disposition") { header.disposition = MediaType(disposition: value) }
      if Octet.equal(field.name, "content-type") { header.contentType = value }
    }
  }

  private mutating func line(before end: Int) throws(MultipartError) -> ArraySlice<UInt8> {
    let start = position
    guard let lineFeed = body[start..<min(end, body.count)].firstIndex(of: Octet.lineFeed) else {
      guard end < body.count else { throw .malformed("a part's header does not end; the body was cut short") }
      throw .tooLarge("a part's header is longer than \(limits.partHeaderBytes) bytes")
    }
    guard lineFeed > start, body[lineFeed - 1] == Octet.carriageReturn else {
      throw .malformed("a line of a part's header does not end with CRLF")
    }
    position = lineFeed + 1
    return body[start..<(lineFeed - 1)]
  }
}
