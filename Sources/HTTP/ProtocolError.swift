package import HTTPTypes

/// A request that the server or the router refuses by itself. The service renders it (RFC 9457).
package struct ProtocolError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, for who wants to decide by it.
  package enum Reason: Sendable, Equatable {
    /// The bytes are no valid HTTP/1.1 message (400).
    case malformed
    /// The request line is longer than `limit` octets (414).
    case targetTooLong(limit: Int)
    /// The header block is longer than `limit` octets (431).
    case fieldsTooLarge(limit: Int)
    /// There are more than `limit` header fields (431).
    case tooManyFields(limit: Int)
    /// The body is longer than `limit` octets (413).
    case bodyTooLarge(limit: Int)
    /// A content coding that is neither gzip nor deflate (415); the server adds `Accept-Encoding`.
    case unknownContentCoding
    /// An `Expect` that is not `100-continue` (417).
    case unknownExpectation
    /// A transfer coding that is not `chunked` (501).
    case unknownTransferCoding
    /// A method that no part of the server knows (501).
    case unknownMethod
    /// Neither HTTP/1.1 nor HTTP/1.0 (505).
    case unsupportedVersion
    /// The request did not arrive in time (408).
    case timeOut
    /// No route has this path (404).
    case notFound
    /// The path has routes, but not for this method (405).
    case methodNotAllowed(allowed: [HTTPRequest.Method])
  }

  package let reason: Reason
  /// A sentence: what, where, expected and found, what to do.
  package let detail: String
  /// The request's identifier where its head could be read that far, else a fresh one.
  package var requestIdentifier: String = RequestIdentifier.fresh()

  package init(_ reason: Reason, _ detail: String) {
    self.reason = reason
    self.detail = detail
  }

  package var description: String { detail }

  /// The response's status.
  package var status: HTTPResponse.Status {
    switch reason {
    case .malformed: .badRequest
    case .targetTooLong: .uriTooLong
    case .fieldsTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
    case .bodyTooLarge: .contentTooLarge
    case .unknownContentCoding: .unsupportedMediaType
    case .unknownExpectation: .expectationFailed
    case .unknownTransferCoding, .unknownMethod: .notImplemented
    case .unsupportedVersion: .httpVersionNotSupported
    case .timeOut: .requestTimeout
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    }
  }

  /// Equal where reason and sentence are; the identifier is chance.
  package static func == (left: ProtocolError, right: ProtocolError) -> Bool {
    left.reason == right.reason && left.detail == right.detail
  }

  static func malformed(_ detail: String) -> ProtocolError { ProtocolError(.malformed, detail) }
}

/// Renders a refusal. The server adds `Allow` to a 405 and `Connection: close` where the connection cannot go on.
package typealias ErrorResponse = @Sendable (ProtocolError) -> Response
