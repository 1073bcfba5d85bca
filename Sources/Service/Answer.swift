import HTTP
import HTTPTypes

/// A successful answer before it meets HTTP: what is said, in which form, and where the time went.
struct Answer: Sendable {
  let mediaType: String
  let body: [UInt8]
  var status = HTTPResponse.Status.ok
  /// Seconds after which asking again may help, for a status that says no.
  var retryAfter: Int?
  var timing: ServerTiming?
  var model: ModelDescription?
  /// Fields that this answer has beside those of all answers.
  var fields: HTTPFields = [:]

  init(_ mediaType: String, _ body: [UInt8], timing: ServerTiming? = nil, model: ModelDescription? = nil) {
    self.mediaType = mediaType
    self.body = body
    self.timing = timing
    self.model = model
  }

  /// 204: done, and nothing to say.
  static let nothing: Answer = {
    var answer = Answer("", [])
    answer.status = .noContent
    return answer
  }()

  init(json value: some JSONWritable, timing: ServerTiming? = nil, model: ModelDescription? = nil) {
    self.init(AnswerFormat.json.mediaType, JSONWriter.bytes(of: value), timing: timing, model: model)
  }
}

extension Response {
  /// The 200 that carries `answer`; to a GET with a strong validator, or the 304 that its validator allows (RFC 9110 §13.1.2).
  init(_ answer: Answer, to request: HTTPRequest) {
    var fields = answer.fields
    fields[.contentType] = answer.mediaType
    fields[.vary] = "Accept"
    if let seconds = answer.retryAfter { fields[.retryAfter] = String(seconds) }
    if let timing = answer.timing { fields[.serverTiming] = timing.field }
    if let model = answer.model { fields[.model] = ModelStamp(model: model).field }
    guard answer.status != .noContent else {
      fields[.contentType] = nil
      self.init(head: HTTPResponse(status: answer.status, headerFields: fields), body: .empty)
      return
    }
    guard request.method == .get || request.method == .head, answer.status == .ok else {
      self.init(head: HTTPResponse(status: answer.status, headerFields: fields), body: .bytes(answer.body))
      return
    }
    let tag = "\"\(Digest.sha256(answer.body))\""
    fields[.eTag] = tag
    fields[.cacheControl] = "no-cache"
    if EntityTag.matches(ifNoneMatch: request.headerFields[.ifNoneMatch], tag) {
      fields[.contentType] = nil
      self.init(head: HTTPResponse(status: .notModified, headerFields: fields), body: .empty)
    } else {
      self.init(head: HTTPResponse(status: .ok, headerFields: fields), body: .bytes(answer.body))
    }
  }

  /// The answer that tells `problem` to the client that asked for `path`.
  init(_ problem: Problem, instance path: String) {
    var fields: HTTPFields = [.contentType: ProblemDetails.mediaType, .cacheControl: "no-store"]
    if let seconds = problem.retryAfter { fields[.retryAfter] = String(seconds) }
    if let challenge = problem.kind.challenge { fields[.wwwAuthenticate] = challenge }
    let details = ProblemDetails(problem: problem, instance: path)
    self.init(
      head: HTTPResponse(status: .init(code: problem.kind.status, reasonPhrase: problem.kind.title), headerFields: fields),
      body: .bytes(JSONWriter.bytes(of: details)))
  }
}

extension HTTPField.Name {
  /// W3C Server Timing.
  static let serverTiming = Self("Server-Timing")!
  /// Which model an answer comes from, for answers that are no JSON.
  static let model = Self("Hpm-Model")!
  /// How many seconds the client waits at most.
  static let requestTimeout = Self("Request-Timeout")!
}
