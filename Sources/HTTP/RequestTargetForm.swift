import HTTPTypes

/// The forms of a request target (RFC 9112 §3.2) that a server which is no proxy takes.
enum RequestTargetForm: Equatable {
  case origin(String)
  case absolute(authority: String, path: String)
  case asterisk

  var path: String {
    switch self {
    case .origin(let path), .absolute(_, let path): path
    case .asterisk: "*"
    }
  }

  var authority: String? {
    if case .absolute(let authority, _) = self { authority } else { nil }
  }

  init(_ bytes: ArraySlice<UInt8>, method: HTTPRequest.Method) throws(ProtocolError) {
    guard method != .connect else { throw ProtocolError(.unknownMethod, "CONNECT is for proxies; this server is none") }
    guard !bytes.isEmpty, bytes.allSatisfy(Self.isAllowed) else {
      throw .malformed("the request target is empty or holds a character that must be percent-encoded")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if bytes.first == UInt8(ascii: "/") {
      self = .origin(text)
    } else if text == "*" {
      guard method == .options else { throw .malformed("the target * is for OPTIONS alone") }
      self = .asterisk
    } else {
      self = try Self.absolute(bytes)
    }
    _ = try RequestTarget(path)
  }

  private static func absolute(_ bytes: ArraySlice<UInt8>) throws(ProtocolError) -> RequestTargetForm {
    let scheme = bytes.prefix { $0 != UInt8(ascii: ":") }
    let rest = bytes[scheme.endIndex...]
    guard Octet.equal(scheme, "http") || Octet.equal(scheme, "https"), rest.starts(with: "://".utf8) else {
      throw .malformed("the request target neither starts with “/” nor is an http URL")
    }
    let authority = rest.dropFirst(3).prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    guard Authority.isValid(authority) else { throw .malformed("the request target's authority is not a host with an optional port") }
    let path = String(decoding: bytes[authority.endIndex...], as: UTF8.self)
    return .absolute(authority: String(decoding: authority, as: UTF8.self), path: path.hasPrefix("/") ? path : "/" + path)
  }

  /// Visible ASCII but what RFC 3986 leaves out and no browser sends: `"`, `#`, `<`, `>`, `\`.
  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"): false
    default: byte > Octet.space && byte < Octet.delete
    }
  }
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2).
enum Authority {
  private static let maximumPortDigits = 5

  static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard !bytes.isEmpty else { return false }
    let hostEnd: Int
    if bytes.first == UInt8(ascii: "[") {
      guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), close > bytes.startIndex + 1 else { return false }
      guard bytes[(bytes.startIndex + 1)..<close].allSatisfy(isLiteralAddress) else { return false }
      hostEnd = close + 1
    } else {
      hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
      guard hostEnd > bytes.startIndex, bytes[..<hostEnd].allSatisfy(isName) else { return false }
    }
    let port = bytes[hostEnd...]
    guard let colon = port.first else { return true }
    return colon == UInt8(ascii: ":") && port.count <= maximumPortDigits + 1 && port.dropFirst().allSatisfy(Octet.isDigit)
  }

  private static func isLiteralAddress(_ byte: UInt8) -> Bool {
    Octet.hexadecimal(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
  }

  /// `reg-name` without the comma, which would let a list of hosts pass as one.
  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: "-._~%!$&'()*+;=".utf8.contains(byte)
    }
  }
}
