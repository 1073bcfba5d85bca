import HTTPTypes

/// A route as the service's description of itself tells it: what goes in, what comes out, and an example.
struct Operation: Sendable {
  /// Something that a request says in its path, query or head.
  struct Parameter: Sendable {
    enum Place: String, Sendable { case path, query, header }

    let name: String
    let place: Place
    let meaning: String
    let schema: JSONSchema
  }

  /// A field of an answer's head.
  struct Field: Sendable {
    let name: String
    let meaning: String
  }

  /// A form that a body has.
  struct Content: Sendable {
    let mediaType: String
    /// `nil` for bytes that are no JSON.
    let schema: JSONSchema?
    /// A JSON text.
    let example: String?

    init(_ mediaType: String, _ schema: JSONSchema? = nil, example: String? = nil) {
      self.mediaType = mediaType
      self.schema = schema
      self.example = example
    }

    static func json(_ schema: JSONSchema, example: String) -> Content {
      Content(AnswerFormat.json.mediaType, schema, example: example)
    }
  }

  /// An answer that is no problem.
  struct Success: Sendable {
    let status: Int
    let meaning: String
    let contents: [Content]
    var fields: [Field] = []
  }

  let method: HTTPRequest.Method
  /// The route's template.
  let template: String
  let summary: String
  var parameters: [Parameter] = []
  /// The forms that a request's body may have; empty for a route without one.
  var body: [Content] = []
  /// Whether the body may be left out.
  var bodyMayBeAbsent = false
  let successes: [Success]
  /// Every kind of problem that this route itself answers with.
  var problems: [ProblemKind] = []
  /// Whether it is answered in full or with 304, as a GET is.
  var hasValidator = false
}

extension Operation {
  /// Every route that the service can have; the description tells of those that it has.
  static let all = inference + models + jobs + openInference + information

  /// The name that generated clients call it by, `postPredictLoss`.
  var identifier: String {
    let words = template.split { !$0.isLetter && !$0.isNumber }.map { $0.prefix(1).uppercased() + $0.dropFirst() }
    return method.rawValue.lowercased() + (words.isEmpty ? "Page" : words.joined())
  }

  /// The template as OpenAPI writes it: `{file...}` is `{file}`.
  var path: String { template.replacing("...}", with: "}") }

  /// What the path's names stand for, in their order.
  var pathParameters: [Parameter] {
    template.matches(of: /\{([a-z]+)(\.\.\.)?\}/).map { match in
      let name = String(match.1)
      return Parameter(name: name, place: .path, meaning: Self.meanings[name] ?? name, schema: Self.schemas[name] ?? .text)
    }
  }

  private static let meanings = [
    "name": "A name; of a model also name@version.", "version": "A version of the model.", "code": "A kind of problem.",
    "file": "A file of the page.", "id": "A job.", "path": "A file of the run.",
  ]

  private static let schemas: [String: JSONSchema] = [
    "name": .pattern("^[a-z0-9][a-z0-9._-]{0,63}(@[1-9][0-9]*)?$"), "version": .pattern("^[1-9][0-9]*$"),
    "code": .words(ProblemKind.allCases.map(\.rawValue)),
  ]
}

extension QueryTable {
  /// The table's parameters as the description tells them.
  var described: [Operation.Parameter] {
    parameters.map { parameter in
      let needs = parameter.conditions.map { " Needs \($0.need)." }.joined()
      return Operation.Parameter(
        name: parameter.name, place: .query,
        meaning: "\(parameter.allowed.joined(separator: ", ")). Without it: \(parameter.standard).\(needs)", schema: parameter.schema)
    }
  }
}
