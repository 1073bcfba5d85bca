import HTTP
import HTTPTypes

/// Which pages of other sites may read the answers (Fetch Standard §3.3, CORS).
struct CrossOriginPolicy: Sendable {
  /// Stands for every origin.
  static let every = "*"

  /// In lower case, as a browser writes them: scheme, host and a port other than the scheme's own.
  let origins: [String]

  /// How long a browser may believe an answer to its question, in seconds.
  private static let maximumAge = 600
  /// Fields of answers that a page may read beside those that it always may.
  private static let exposed = [
    "Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Hpm-Model", "Inference-Header-Content-Length", "Location",
    "Retry-After",
    "Server-Timing", "traceparent", "WWW-Authenticate", "X-Request-Id",
  ].joined(separator: ", ")
  /// Fields of requests that a page may set beside those that it always may.
  private static let accepted = [
    "Authorization", "Content-Encoding", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range",
    "Inference-Header-Content-Length", "Last-Event-ID", "Range", "Request-Timeout", "traceparent", "X-Request-Id",
  ].joined(separator: ", ")

  /// Origins separated by commas, or `*`; `nil` where one is no origin.
  static func origins(_ text: String) -> [String]? {
    let origins = text.split(separator: ",", omittingEmptySubsequences: false).map { word in
      String(word).lowercased().trimmingPrefix { $0 == " " }
    }.map(String.init)
    return origins.allSatisfy { $0 == every || $0.wholeMatch(of: /https?:\/\/[a-z0-9.\-\[\]:]+/) != nil } ? origins : nil
  }

  /// Lets `handler` answer, and tells the browser who may read it.
  func around(_ request: Request, _ handler: Handler) async -> Response {
    var response = await handler(request)
    guard !origins.isEmpty else { return response }
    let isOpen = origins.contains(Self.every)
    if !isOpen { response.head.headerFields.add("Origin", toListOf: .vary) }
    guard let origin = request.head.headerFields[.origin], isOpen || origins.contains(origin.lowercased()) else { return response }
    response.head.headerFields[.accessControlAllowOrigin] = isOpen ? Self.every : origin
    if request.head.method == .options, request.head.headerFields[.accessControlRequestMethod] != nil {
      response.head.headerFields[.accessControlAllowMethods] = response.head.headerFields[.allow]
      response.head.headerFields[.accessControlAllowHeaders] = Self.accepted
      response.head.headerFields[.accessControlMaxAge] = String(Self.maximumAge)
    } else {
      response.head.headerFields[.accessControlExposeHeaders] = Self.exposed
    }
    return response
  }
}

extension HTTPFields {
  /// Adds an element to a field that is a list.
  fileprivate mutating func add(_ element: String, toListOf name: HTTPField.Name) {
    self[name] = [self[name], element].compactMap(\.self).joined(separator: ", ")
  }
}
