/// An error as a client sees it: RFC 9457's problem details.
package struct Problem: Error, Sendable, Hashable {
  package let kind: ProblemKind
  /// One sentence on this occurrence: what, where, expected and found, what to do.
  package let detail: String
  /// The query parameter, header field or body part at fault.
  package var parameter: String?
  /// What would have been accepted.
  package var allowed: [String]?
  /// Seconds after which asking again may help.
  package var retryAfter: Int?

  package init(_ kind: ProblemKind, _ detail: String, parameter: String? = nil, allowed: [String]? = nil, retryAfter: Int? = nil) {
    self.kind = kind
    self.detail = detail
    self.parameter = parameter
    self.allowed = allowed
    self.retryAfter = retryAfter
  }
}

/// A problem as it stands in a body, with the path it happened on.
struct ProblemDetails: JSONWritable {
  static let mediaType = "application/problem+json"

  let problem: Problem
  /// The path of the request, as it came.
  let instance: String

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("type", "/problems/\(problem.kind.rawValue)")
      json.member("title", problem.kind.title)
      json.member("status", problem.kind.status)
      json.member("detail", problem.detail)
      json.member("instance", instance)
      json.member("error", problem.detail)
      if let parameter = problem.parameter { json.member("parameter", parameter) }
      if let allowed = problem.allowed { json.member("allowed", allowed) }
    }
  }
}
