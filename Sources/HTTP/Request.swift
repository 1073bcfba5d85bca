package import HTTPTypes

/// A request whose head has been read and checked; its body may still be on its way.
package struct Request: Sendable {
  /// Method, authority, target (`head.path`, as it was sent) and header fields.
  package let head: HTTPRequest
  /// The percent-decoded path: valid UTF-8, no NUL, without the query.
  package let path: String
  /// The path's segments, split before they were decoded, so that `%2F` separates nothing. `/` has none; `/a/` has `a` and an empty one.
  package let pathSegments: [String]
  /// The query's items in their order, `+` read as a space, repeated names kept.
  package let query: [QueryItem]
  /// The client's `X-Request-Id` where it is at most 128 of `A-Z a-z 0-9 . _ -`, else a fresh one. The server puts it on the response.
  package let id: String
  /// The body, read as it arrives; one that the client compressed with gzip or deflate is decoded.
  package let body: RequestBody
  /// The values of the route template's `{names}`; set by the router.
  package var parameters: [String: String] = [:]
  /// The matched route's template, `nil` before the router has seen the request and where no route matches.
  package var template: String?
  /// The client's address and port, `127.0.0.1:40312` or `[::1]:40312`.
  package let peer: String

  /// A request made of a checked head.
  ///
  /// - Parameter bodyLimit: Bytes that a compressed body may become.
  /// - Throws: ``ProtocolError`` (400) where the target does not decode, 415 where the body's coding is not known.
  package init(
    head: HTTPRequest, body: RequestBody = RequestBody([]), bodyLimit: Int = .max, peer: String = "127.0.0.1:0",
    freshIdentifier: () -> String = RequestIdentifier.fresh
  ) throws(ProtocolError) {
    let target = try RequestTarget(head.path ?? "/")
    self.head = head
    self.path = target.path
    self.pathSegments = target.segments
    self.query = target.query
    let coding = try ContentCoding.read(head.headerFields[.contentEncoding])
    self.body = coding.map { RequestBody(decoding: body, $0, limit: bodyLimit) } ?? body
    self.peer = peer
    self.id = RequestIdentifier.accepted(head.headerFields[.requestIdentifier]) ?? freshIdentifier()
  }

  /// A request for tests and in-process calls.
  ///
  /// - Throws: ``ProtocolError`` (400) where the target does not decode, 415 where the body's coding is not known.
  package init(
    _ method: HTTPRequest.Method, _ target: String, headerFields: HTTPFields = [:], body: [UInt8] = []
  ) throws(ProtocolError) {
    let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: target, headerFields: headerFields)
    try self.init(head: head, body: RequestBody(body))
  }
}
