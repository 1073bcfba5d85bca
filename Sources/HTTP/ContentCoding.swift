/// How a message's content is compressed (RFC 9110 §8.4.1).
enum ContentCoding: Sendable {
  case gzip
  /// zlib's format (RFC 1950), for all its name.
  case deflate

  /// What a client is told that may send these: the value of `Accept-Encoding` in a 415.
  static let accepted = "gzip, deflate"

  /// The coding that `Content-Encoding` names; `nil` where the content is as it is.
  ///
  /// - Throws: 415 for any other coding, and for more than one.
  static func read(_ field: String?) throws(ProtocolError) -> ContentCoding? {
    let names = (field ?? "").split(separator: ",").map { Octet.trimmed(Array($0.utf8)[...]) }.filter { !Octet.equal($0, "identity") }
    guard let name = names.first else { return nil }
    if names.count == 1 {
      if Octet.equal(name, "gzip") || Octet.equal(name, "x-gzip") { return .gzip }
      if Octet.equal(name, "deflate") { return .deflate }
    }
    throw ProtocolError(
      .unknownContentCoding, "the body's Content-Encoding is not one of gzip and deflate; send it in one of these, or as it is")
  }

  /// Whether a client takes gzip, and does not like the content as it is better (RFC 9110 §12.5.3).
  static func takesGzip(_ field: String?) -> Bool {
    var weights: [String: Int] = [:]
    for element in (field ?? "").split(separator: ",").prefix(maximumElements) {
      guard let coding = MediaType(disposition: String(element)) else { continue }
      let weight = coding.parameters["q"].map { MediaTypeNegotiation.weight($0) ?? 0 } ?? MediaTypeNegotiation.wholeWeight
      if weights[coding.type] == nil { weights[coding.type] = weight }
    }
    let gzip = weights["gzip"] ?? weights["x-gzip"] ?? weights["*"] ?? 0
    return gzip > 0 && gzip >= weights["identity"] ?? 0
  }

  /// Elements read at most; a longer list is an attack.
  private static let maximumElements = 32
}
