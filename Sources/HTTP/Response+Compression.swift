import HTTPTypes

/// Which answers are compressed for who takes them so.
package struct HTTPCompression: Sendable, Hashable {
  /// zlib's level, 1 (fast) to 9 (small); 0 compresses nothing.
  package var level = 4
  /// Bytes of an answer below which the trouble is not worth it.
  package var minimumBytes = 1024

  package init() {}
}

extension Response {
  /// Text that compresses; pictures and arrays hardly do, and a stream of events must not wait in a compressor.
  private static let texts: Set<String> = [
    "application/json", "application/jsonl", "application/openapi+json", "application/problem+json", "image/svg+xml", "text/css",
    "text/csv",
    "text/html", "text/javascript", "text/markdown", "text/plain",
  ]

  /// The response as the request's client takes it: long text as gzip, under a weak tag, since the octets are others (RFC 9110 §8.8.3.3).
  func compressed(for request: HTTPRequest, _ policy: HTTPCompression) async -> Response {
    guard policy.level > 0 else { return self }
    if head.status == .notModified { return notModified(for: request) }
    guard isText else { return self }
    var response = self
    response.varyByEncoding()
    guard let length, length >= policy.minimumBytes, isWhole, ContentCoding.takesGzip(request.headerFields[.acceptEncoding]) else {
      return response
    }
    response.head.headerFields[.contentEncoding] = "gzip"
    response.head.headerFields[.contentLength] = nil
    response.head.headerFields[.acceptRanges] = nil
    response.head.headerFields[.eTag] = head.headerFields[.eTag].map(EntityTag.weak)
    response.body = await compressedBody(level: policy.level)
    return response
  }

  private var isText: Bool {
    guard let type = head.headerFields[.contentType] else { return false }
    return Self.texts.contains(type) || MediaType(type).map { Self.texts.contains($0.essence) } ?? false
  }

  /// Whether this is all of a content that nobody has coded yet, or forbidden to.
  private var isWhole: Bool {
    let fields = head.headerFields
    return head.status != .partialContent && fields[.contentRange] == nil && fields[.contentEncoding] == nil
      && fields[.cacheControl]?.contains("no-transform") != true
  }

  /// `nil` where it is not known: a stream without a length is one that is still being made, and must not wait in a compressor.
  private var length: Int? {
    if case .bytes(let bytes) = body { return bytes.count }
    return head.headerFields[.contentLength].flatMap { Int($0) }
  }

  private func compressedBody(level: Int) async -> ResponseBody {
    switch body {
    case .bytes(let bytes): .bytes(await OffPool.run { GzipWriter(level: level).write(bytes, .finish) })
    // An answer to HEAD: its length is known to who makes the body alone, so it has none.
    case .empty: .stream { nil }
    case .stream(let pull): .stream(Self.compressed(pull, level: level))
    }
  }

  private static func compressed(_ pull: @escaping ResponsePull, level: Int) -> ResponsePull {
    let writer = GzipWriter(level: level)
    return {
      while !writer.isFinished {
        let piece = try await pull()
        let bytes = await OffPool.run { writer.write(piece ?? [], piece == nil ? .finish : .none) }
        if !bytes.isEmpty { return bytes }
      }
      return nil
    }
  }

  /// A 304 has the tag that the client knows the content by.
  private func notModified(for request: HTTPRequest) -> Response {
    var response = self
    response.varyByEncoding()
    guard let tag = head.headerFields[.eTag], ContentCoding.takesGzip(request.headerFields[.acceptEncoding]) else { return response }
    let weak = EntityTag.weak(tag)
    if EntityTag.names(weak, in: request.headerFields[.ifNoneMatch]) { response.head.headerFields[.eTag] = weak }
    return response
  }

  private mutating func varyByEncoding() {
    let present = head.headerFields[.vary]
    guard present != "*" else { return }
    head.headerFields[.vary] = present.map { "\($0), Accept-Encoding" } ?? "Accept-Encoding"
  }
}
