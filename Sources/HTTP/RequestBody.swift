/// A request's body, handed over as it arrives; reading it slowly slows the client down.
package struct RequestBody: Sendable {
  private enum Source: Sendable {
    case plain(BodyStream)
    case coded(DecodedBody)
  }

  private let source: Source
  /// The length that the head declares; `nil` for a chunked body, and for a compressed one.
  package let declaredLength: Int?

  /// A body that is already there.
  package init(_ bytes: [UInt8]) {
    source = .plain(BodyStream(complete: bytes))
    declaredLength = bytes.count
  }

  init(stream: BodyStream, declaredLength: Int?) {
    source = .plain(stream)
    self.declaredLength = declaredLength
  }

  /// The body as it was before the client compressed it; more than `limit` bytes of that are ``RequestBodyError/tooLarge(_:)``.
  init(decoding body: RequestBody, _ coding: ContentCoding, limit: Int) {
    guard case .plain(let stream) = body.source else { preconditionFailure("the body is being decoded already") }
    source = .coded(DecodedBody(stream, coding, limit: limit))
    declaredLength = nil
  }

  /// The next bytes, at least one; `nil` at the end. One reader at a time.
  package func nextChunk() async throws(RequestBodyError) -> [UInt8]? {
    switch source {
    case .plain(let stream): try await stream.next()
    case .coded(let body): try await body.next()
    }
  }

  /// All bytes that are left.
  ///
  /// - Throws: ``RequestBodyError/tooLarge(_:)`` as soon as there are (or are declared) more than `limit`.
  package func collect(upTo limit: Int) async throws(RequestBodyError) -> [UInt8] {
    if let declaredLength, declaredLength > limit { throw .tooLarge(limit) }
    guard var bytes = try await nextChunk() else { return [] }
    guard bytes.count <= limit else { throw .tooLarge(limit) }
    if let declaredLength { bytes.reserveCapacity(declaredLength) }
    while let chunk = try await nextChunk() {
      guard chunk.count <= limit - bytes.count else { throw .tooLarge(limit) }
      bytes += chunk
    }
    return bytes
  }
}
