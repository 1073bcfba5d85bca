/// A body that the client has compressed, as its reader gets it.
///
/// `@unchecked`: a body has one reader at a time.
final class DecodedBody: @unchecked Sendable {
  private let source: BodyStream
  private let inflater: Inflater
  /// Plain bytes at most: what counts is what a body becomes, not how small it was sent.
  private let limit: Int
  private var produced = 0

  init(_ source: BodyStream, _ coding: ContentCoding, limit: Int) {
    self.source = source
    inflater = Inflater(coding)
    self.limit = limit
  }

  /// The next plain bytes, at least one; `nil` at the end.
  func next() async throws(RequestBodyError) -> [UInt8]? {
    while true {
      if let bytes = try await inflated() {
        produced += bytes.count
        guard produced <= limit else { throw .tooLarge(limit) }
        return bytes
      }
      guard let chunk = try await source.next() else {
        guard inflater.isComplete else { throw .malformed("the request's compressed body ends before its content does") }
        return nil
      }
      inflater.feed(chunk)
    }
  }

  private func inflated() async throws(RequestBodyError) -> [UInt8]? {
    let outcome: Result<[UInt8]?, Inflater.Corrupt> = await OffPool.run { [inflater] in
      do throws(Inflater.Corrupt) { return .success(try inflater.next()) } catch { return .failure(error) }
    }
    switch outcome {
    case .success(let bytes): return bytes
    case .failure: throw .malformed("the request's body is not what its Content-Encoding says")
    }
  }
}
