import HTTPTypes

/// Gathers a request's line and fields and checks what they say together.
struct RequestHeadBuilder {
  var section: HeaderSection
  /// The client's `X-Request-Id`, if it has been read and is sane.
  private(set) var requestIdentifier: String?
  private var method = HTTPRequest.Method.get
  private var target = RequestTargetForm.origin("/")
  private var version = RequestHead.Version.http11
  private var fields = HTTPFields()
  private var hosts: [ArraySlice<UInt8>] = []
  private var lengths: [ArraySlice<UInt8>] = []
  private var codings: [ArraySlice<UInt8>]?
  private var expectations: [ArraySlice<UInt8>] = []
  private var connection: [ArraySlice<UInt8>] = []

  init(limits: HTTPLimits) { section = HeaderSection(limits: limits) }

  /// `method SP request-target SP HTTP-version` (RFC 9112 §3), with single spaces.
  mutating func read(requestLine line: ArraySlice<UInt8>) throws(ProtocolError) {
    let parts = line.split(separator: Octet.space, omittingEmptySubsequences: false)
    guard parts.count >= 2, Octet.isToken(parts[0]), let method = HTTPRequest.Method(String(decoding: parts[0], as: UTF8.self)) else {
      throw .malformed("the request line does not start with a method and one space")
    }
    guard parts.count == 3 else {
      throw .malformed("the request line is not method, target and version with one space between; write a space of the target as %20")
    }
    version = try Self.version(parts[2])
    self.method = method
    target = try RequestTargetForm(parts[1], method: method)
  }

  private static func version(_ bytes: ArraySlice<UInt8>) throws(ProtocolError) -> RequestHead.Version {
    let text = Array(bytes)
    guard text.count == 8, text.starts(with: "HTTP/".utf8), Octet.isDigit(text[5]), text[6] == UInt8(ascii: "."), Octet.isDigit(text[7])
    else { throw .malformed("the request line does not end with HTTP/1.1") }
    guard text[5] == UInt8(ascii: "1") else {
      throw ProtocolError(.unsupportedVersion, "this server speaks HTTP/1.1, not \(String(decoding: text, as: UTF8.self))")
    }
    return text[7] == UInt8(ascii: "0") ? .http10 : .http11
  }

  mutating func read(fieldLine line: ArraySlice<UInt8>) throws(ProtocolError) {
    let field = try FieldLine(line)
    switch field.name.count {
    case 4 where Octet.equal(field.name, "host"): hosts.append(field.value)
    case 6 where Octet.equal(field.name, "expect"): expectations.append(field.value)
    case 10 where Octet.equal(field.name, "connection"): connection += Self.elements(field.value)
    case 12 where Octet.equal(field.name, "x-request-id"):
      requestIdentifier = RequestIdentifier.accepted(String(decoding: field.value, as: UTF8.self))
    case 14 where Octet.equal(field.name, "content-length"): lengths.append(field.value)
    case 17 where Octet.equal(field.name, "transfer-encoding"): codings = (codings ?? []) + Self.elements(field.value)
    default: break
    }
    guard let name = HTTPField.Name(String(decoding: field.name, as: UTF8.self)) else {
      throw .malformed("a header field has a name that is no token")
    }
    fields.append(HTTPField(name: name, value: field.value))
  }

  private static func elements(_ list: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(Octet.trimmed)
  }

  /// The head, checked as a whole.
  func finish() throws(ProtocolError) -> RequestHead {
    let authority = try checkedAuthority()
    let framing = try checkedFraming()
    let expectation = try checkedExpectation()
    let request = HTTPRequest(method: method, scheme: "http", authority: authority, path: target.path, headerFields: fields)
    return RequestHead(request: request, version: version, framing: framing, persistence: persistence, expectation: expectation)
  }

  private var persistence: RequestHead.Persistence {
    if connection.contains(where: { Octet.equal($0, "close") }) { return .close }
    if version == .http11 { return .keep }
    return connection.contains { Octet.equal($0, "keep-alive") } ? .keep : .close
  }

  /// RFC 9112 §3.2: one valid `Host`, or none in HTTP/1.0; an absolute target's authority is used in its place.
  private func checkedAuthority() throws(ProtocolError) -> String? {
    guard hosts.count <= 1 else { throw .malformed("there is more than one Host field") }
    guard let host = hosts.first else {
      guard version == .http10 else { throw .malformed("the Host field is missing; HTTP/1.1 requires it") }
      return target.authority
    }
    guard Authority.isValid(host) else { throw .malformed("the Host field is not a host with an optional port") }
    return target.authority ?? String(decoding: host, as: UTF8.self)
  }

  /// RFC 9112 §6.
  private func checkedFraming() throws(ProtocolError) -> RequestHead.Framing {
    guard let codings else { return try countedFraming() }
    guard lengths.isEmpty else { throw .malformed("there are both Content-Length and Transfer-Encoding; send one of them") }
    guard version == .http11 else { throw .malformed("an HTTP/1.0 request has a Transfer-Encoding; send Content-Length") }
    guard codings.allSatisfy({ Octet.isToken($0) }) else { throw .malformed("the Transfer-Encoding is not a list of coding names") }
    let chunkedCount = codings.count { Octet.equal($0, "chunked") }
    if codings.count == 1, chunkedCount == 1 { return .chunked }
    guard chunkedCount <= 1, chunkedCount == 0 || Octet.equal(codings[codings.count - 1], "chunked") else {
      throw .malformed("chunked is not the last and only use of that transfer coding, so the body has no certain end")
    }
    let names = codings.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
    throw ProtocolError(.unknownTransferCoding, "the transfer coding “\(names)” is not known here; send chunked, or Content-Length")
  }

  private func countedFraming() throws(ProtocolError) -> RequestHead.Framing {
    guard let first = lengths.first else { return .none }
    guard lengths.count == 1 else { throw .malformed("there is more than one Content-Length") }
    guard !first.isEmpty, first.allSatisfy(Octet.isDigit), let length = Int(String(decoding: first, as: UTF8.self)) else {
      throw .malformed("the Content-Length is not a plain decimal number below 2⁶³")
    }
    return .counted(length)
  }

  /// RFC 9110 §10.1.1; HTTP/1.0 clients cannot expect.
  private func checkedExpectation() throws(ProtocolError) -> RequestHead.Expectation {
    guard version == .http11, let first = expectations.first else { return .none }
    guard expectations.count == 1, Octet.equal(first, "100-continue") else {
      throw ProtocolError(.unknownExpectation, "the only expectation known here is 100-continue")
    }
    return .continue100
  }
}
