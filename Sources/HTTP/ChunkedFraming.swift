/// The sizes and sums of a chunked body (RFC 9112 §7.1).
struct ChunkedFraming {
  /// Hexadecimal digits of a size: 2⁶⁰ and more is refused as no honest size.
  private static let maximumDigits = 15

  private let limits: HTTPLimits
  private let bodyLimit: Int
  private var received = 0
  private var chunks = 0
  private var extensionBytes = 0

  init(limits: HTTPLimits, bodyLimit: Int) {
    self.limits = limits
    self.bodyLimit = bodyLimit
  }

  static func tooLarge(_ limit: Int) -> ProtocolError {
    ProtocolError(.bodyTooLarge(limit: limit), "the request's body is longer than the \(limit) bytes allowed (--max-request-bytes)")
  }

  /// Octets that the next chunk's line may have.
  var lineLimit: Int { (limits.chunkExtensionBytes - extensionBytes).saturatingAdd(Self.maximumDigits) }

  /// The size that a chunk's line says, after all checks; 0 for the last chunk.
  mutating func size(of line: ArraySlice<UInt8>) throws(ProtocolError) -> Int {
    let digits = line.prefix { Octet.hexadecimal($0) != nil }
    guard !digits.isEmpty, digits.count <= Self.maximumDigits else {
      throw .malformed("a chunk's size is not a hexadecimal number of 1 to \(Self.maximumDigits) digits")
    }
    let size = digits.reduce(0) { $0 << 4 | Int(Octet.hexadecimal($1) ?? 0) }
    try check(extensions: line[digits.endIndex...])
    guard size > 0 else { return 0 }
    guard size <= bodyLimit - received else { throw Self.tooLarge(bodyLimit) }
    received += size
    chunks += 1
    guard chunks <= limits.chunks.saturatingAdd(received / max(1, limits.bytesPerFurtherChunk)) else {
      throw .malformed("the body has more than \(limits.chunks) chunks, most of them tiny; send larger ones")
    }
    return size
  }

  private mutating func check(extensions: ArraySlice<UInt8>) throws(ProtocolError) {
    guard !extensions.isEmpty else { return }
    extensionBytes += extensions.count
    guard extensionBytes <= limits.chunkExtensionBytes else {
      throw .malformed("the chunk extensions are longer than the \(limits.chunkExtensionBytes) octets allowed")
    }
    var scanner = ExtensionScanner(rest: extensions)
    guard scanner.isWellFormed() else { throw .malformed("a chunk's size is followed by something that is no chunk extension") }
  }
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`.
private struct ExtensionScanner {
  var rest: ArraySlice<UInt8>

  mutating func isWellFormed() -> Bool {
    while !rest.isEmpty {
      skipBlanks()
      guard take(UInt8(ascii: ";")) else { return false }
      skipBlanks()
      guard takeToken() else { return false }
      let afterName = rest
      skipBlanks()
      guard take(UInt8(ascii: "=")) else {
        rest = afterName
        continue
      }
      skipBlanks()
      guard takeToken() || takeQuoted() else { return false }
    }
    return true
  }

  private mutating func skipBlanks() { rest = rest.drop(while: Octet.isBlank) }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  private mutating func takeToken() -> Bool {
    let token = rest.prefix(while: Octet.isToken)
    rest = rest[token.endIndex...]
    return !token.isEmpty
  }

  private mutating func takeQuoted() -> Bool {
    guard take(UInt8(ascii: "\"")) else { return false }
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return true }
      guard Octet.isFieldContent(byte) else { return false }
      if byte == UInt8(ascii: "\\") {
        guard let escaped = rest.popFirst(), Octet.isFieldContent(escaped) else { return false }
      }
    }
    return false
  }
}
