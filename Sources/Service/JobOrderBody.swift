import HTTP
import Jobs
import Training

/// The body of `POST /jobs`: a JSON object whose members are all known.
struct JobOrderBody: Sendable {
  /// More than any configuration needs.
  private static let greatestBytes = 1 << 20
  private static let members = ["kind", "name", "dataset", "config", "priority"]
  static let priorities = -1000...1000
  private static let greatestNameBytes = 200

  let submission: JobSubmission
  /// Tells the request from every other: SHA-256 of its body.
  let digest: String

  /// - Throws: 415 for a body that does not say it is JSON, 400 for one that is none, naming all that is wrong with its members at once.
  static func read(_ request: Request) async throws(Problem) -> JobOrderBody {
    let bytes = try await bytes(request, upTo: greatestBytes)
    return JobOrderBody(submission: try submission(parsed(bytes)), digest: Digest.sha256(bytes))
  }

  /// The JSON of a small body.
  static func json(_ request: Request, upTo limit: Int) async throws(Problem) -> JSONValue { try parsed(await bytes(request, upTo: limit)) }

  private static func bytes(_ request: Request, upTo limit: Int) async throws(Problem) -> [UInt8] {
    guard request.contentType == "application/json" else {
      throw Problem(
        .unsupportedMedia, "The body is to be JSON: send it with Content-Type: application/json.", parameter: "Content-Type",
        allowed: ["application/json"])
    }
    do throws(RequestBodyError) { return try await request.body.collect(upTo: limit) } catch {
      if case .tooLarge = error { throw Problem(.tooLarge, "The body is longer than the \(limit) bytes that it may have here.") }
      throw Problem(error)
    }
  }

  private static func parsed(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
    do throws(Training.JSONFault) { return try JSONValue(parsing: bytes) } catch {
      throw Problem(.malformedBody, "The body is not JSON: \(error).")
    }
  }

  private static func submission(_ json: JSONValue) throws(Problem) -> JobSubmission {
    guard case .object(let members) = json else {
      throw Problem(.malformedBody, "The body must be an object such as {\"kind\": \"pretrain\", \"dataset\": \"photos\", \"config\": {}}.")
    }
    let faults = faults(of: members, json)
    guard faults.isEmpty, let kind = json["kind"]?.string, let dataset = json["dataset"]?.string else {
      throw Problem(.malformedBody, "The job is not understood: \(faults.joined(separator: "; ")).", allowed: Self.members)
    }
    return JobSubmission(
      kind: kind, name: json["name"]?.string, dataset: dataset, config: (json["config"] ?? .object([])).compact,
      priority: json["priority"]?.wholeNumber ?? 0)
  }

  /// A sentence for each member that is missing, unknown, repeated or of the wrong type.
  private static func faults(of members: [JSONValue.Member], _ json: JSONValue) -> [String] {
    var faults = members.filter { !Self.members.contains($0.name) }.map { "there is no member \"\($0.name)\"" }
    for name in Self.members where members.count(where: { $0.name == name }) > 1 { faults.append("\"\(name)\" is given more than once") }
    for name in ["kind", "dataset"] where json[name]?.string == nil { faults.append("\"\(name)\" must be a text") }
    if let name = json["name"], name != .null {
      let isFit = name.string.map { !$0.isEmpty && $0.utf8.count <= greatestNameBytes } ?? false
      if !isFit { faults.append("\"name\" must be a text of 1 to \(greatestNameBytes) bytes") }
    }
    if let config = json["config"] {
      if case .object = config {} else { faults.append("\"config\" must be an object") }
    }
    if let priority = json["priority"], !(priority.wholeNumber.map(priorities.contains) ?? false) {
      faults.append("\"priority\" must be a whole number, \(priorities.lowerBound) to \(priorities.upperBound)")
    }
    return faults
  }
}
