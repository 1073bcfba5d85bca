package import HTTPTypes

/// Yields a response's body piece by piece; `nil` ends it. It is asked again only when the client has taken enough of what came before.
package typealias ResponsePull = @Sendable () async throws -> [UInt8]?

/// What a response carries after its head.
package enum ResponseBody: Sendable {
  /// These bytes, sent with their `Content-Length`.
  case bytes([UInt8])
  /// Nothing.
  case empty
  /// What the closure yields: `chunked`, or counted where the head says a `Content-Length`. An error cuts the connection, so that the client sees it.
  case stream(ResponsePull)
}

/// An answer. The server adds `Date`, `Content-Length` or `Transfer-Encoding`, `Connection` and `X-Request-Id`.
package struct Response: Sendable {
  package var head: HTTPResponse
  package var body: ResponseBody

  package init(head: HTTPResponse, body: ResponseBody = .empty) {
    self.head = head
    self.body = body
  }

  package init(_ status: HTTPResponse.Status, headerFields: HTTPFields = [:], body: ResponseBody = .empty) {
    self.init(head: HTTPResponse(status: status, headerFields: headerFields), body: body)
  }
}

/// Answers a request. It is cancelled when the client resets the connection.
package typealias Handler = @Sendable (Request) async -> Response
