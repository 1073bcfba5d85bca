/// A request's body, handed over as it arrives; reading it slowly slows the client down.
package struct RequestBody: Sendable {
  private let stream: BodyStream
  /// The length that the head declares; `nil` for a chunked body.
  package let declaredLength: Int?

  /// A body that is already there.
  package init(_ bytes: [UInt8]) {
    stream = BodyStream(complete: bytes)
    declaredLength = bytes.count
  }

  init(stream: BodyStream, declaredLength: Int?) {
    self.stream = stream
    self.declaredLength = declaredLength
  }

  /// The next bytes, at least one; `nil` at the end. One reader at a time.
  package func nextChunk() async throws(RequestBodyError) -> [UInt8]? { try await stream.next() }

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
