import HTTPTypes

/// Writes a response's octets (RFC 9112 §4, §6, §7).
struct ResponseWriter {
  static let continueResponse = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
  static let lastChunk = Array("0\r\n\r\n".utf8)
  /// Up to here head and body go out as one piece of memory; beyond, copying costs more than a second call.
  private static let joinedBytes = 32 * 1024
  private static let usualHeadBytes = 512

  let requestIdentifier: String
  let date: String
  let persistence: RequestHead.Persistence
  let version: RequestHead.Version

  /// Statuses that never have a body (RFC 9110 §6.4.1).
  static func isBodiless(_ status: HTTPResponse.Status) -> Bool { status.code < 200 || status.code == 204 || status.code == 304 }

  static func asksToClose(_ head: HTTPResponse) -> Bool {
    head.headerFields[values: .connection].contains { value in
      value.split(separator: ",").contains { Octet.equal(Octet.trimmed(Array($0.utf8)[...]), "close") }
    }
  }

  /// The status line and the fields: the handler's, but for those that frame the message, which are the server's.
  func head(_ response: Response, framing: ResponseFraming, method: HTTPRequest.Method?) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.usualHeadBytes)
    bytes += "HTTP/1.1 \(response.head.status.code) \(response.head.status.reasonPhrase)\r\n".utf8
    for field in response.head.headerFields where !Self.isServers(field.name) {
      Self.append(field.name.rawName, field.value, to: &bytes)
    }
    if response.head.headerFields[.date] == nil { Self.append("Date", date, to: &bytes) }
    Self.append("X-Request-Id", requestIdentifier, to: &bytes)
    if let (name, value) = framingField(response, framing: framing) { Self.append(name, value, to: &bytes) }
    if persistence == .close {
      Self.append("Connection", "close", to: &bytes)
    } else if version == .http10 {
      Self.append("Connection", "keep-alive", to: &bytes)
    }
    bytes += "\r\n".utf8
    return bytes
  }

  private func framingField(_ response: Response, framing: ResponseFraming) -> (String, String)? {
    if Self.isBodiless(response.head.status) { return nil }
    switch framing {
    case .counted(let length): return ("Content-Length", String(length))
    case .chunked: return ("Transfer-Encoding", "chunked")
    case .untilClose: return nil
    case .none: break
    }
    // Without a body: an empty one, or HEAD, whose fields are those of GET.
    let declared = response.head.headerFields[.contentLength]
    switch response.body {
    case .bytes(let body): return ("Content-Length", String(body.count))
    case .empty: return ("Content-Length", declared ?? "0")
    case .stream:
      if let declared { return ("Content-Length", declared) }
      return version == .http11 ? ("Transfer-Encoding", "chunked") : nil
    }
  }

  private static func isServers(_ name: HTTPField.Name) -> Bool {
    name == .connection || name == .contentLength || name == .transferEncoding || name == .requestIdentifier
  }

  private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    bytes += name.utf8
    bytes += ": ".utf8
    bytes += value.utf8
    bytes += "\r\n".utf8
  }

  /// Head and body in as few pieces as is cheap.
  static func join(_ head: inout [UInt8], _ body: [UInt8]) -> [[UInt8]] {
    guard body.count <= joinedBytes else { return [head, body] }
    head += body
    return [head]
  }

  static func chunk(_ bytes: [UInt8]) -> [UInt8] {
    var chunk: [UInt8] = []
    chunk.reserveCapacity(bytes.count + 20)
    chunk += String(bytes.count, radix: 16).utf8
    chunk += "\r\n".utf8
    chunk += bytes
    chunk += "\r\n".utf8
    return chunk
  }
}
