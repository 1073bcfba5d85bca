import HTTPTypes

/// The service's description of itself, in OpenAPI 3.1.
struct OpenAPIDocument: JSONWritable {
  /// A route as it was registered, and what it needs.
  typealias Registered = (method: HTTPRequest.Method, template: String, permission: Permission)

  let operations: [Operation]
  /// What each route needs of a request, by method and template.
  private let permissions: [String: Permission]

  /// The description of the registered routes; `operations` tells of each.
  init(_ registered: [Registered], operations: [Operation]) {
    permissions = Dictionary(registered.map { (Self.key($0.method, $0.template), $0.permission) }) { first, _ in first }
    self.operations = operations.filter { [permissions] in permissions[Self.key($0.method, $0.template)] != nil }
  }

  func write(to json: inout JSONWriter) {
    let paths = operations.reduce(into: [String]()) { if !$0.contains($1.path) { $0.append($1.path) } }
    json.object { json in
      json.member("openapi", "3.1.0")
      json.member("info", object: Self.information)
      json.member(
        "paths",
        object: { json in
          for path in paths {
            json.member(path, object: { json in for operation in operations where operation.path == path { write(operation, to: &json) } })
          }
        })
      json.member("components", object: Self.components)
    }
  }

  private static func key(_ method: HTTPRequest.Method, _ template: String) -> String { "\(method.rawValue) \(template)" }

  private static func information(_ json: inout JSONWriter) {
    json.member("title", "hpm")
    json.member("version", ProgramVersion.text)
    json.member("description", "Which patches of an image are hard to reconstruct: predicted losses and masks (Hard Patches Mining).")
  }

  private static func components(_ json: inout JSONWriter) {
    json.member("schemas", object: { json in for (name, schema) in JSONSchema.components { json.member(name, schema) } })
    json.member(
      "securitySchemes",
      object: { json in
        json.member(
          "key",
          object: { json in
            json.member("type", "http")
            json.member("scheme", "bearer")
          })
      })
  }
}

extension OpenAPIDocument {
  private func write(_ operation: Operation, to json: inout JSONWriter) {
    let permission = permissions[Self.key(operation.method, operation.template)] ?? .everyone
    json.member(
      operation.method.rawValue.lowercased(),
      object: { json in
        json.member("operationId", operation.identifier)
        json.member("summary", operation.summary)
        let parameters = operation.pathParameters + operation.parameters
        if !parameters.isEmpty { json.member("parameters", parameters) }
        if !operation.body.isEmpty { json.member("requestBody", object: { write(bodyOf: operation, to: &$0) }) }
        json.member("responses", object: { write(answersOf: operation, permission, to: &$0) })
        if permission != .everyone {
          json.member(
            "security",
            array: { json in
              json.object { _ in }
              json.object { $0.member("key", permission.right.map { [$0.rawValue] } ?? []) }
            })
        }
      })
  }

  private func write(bodyOf operation: Operation, to json: inout JSONWriter) {
    json.member("required", !operation.bodyMayBeAbsent)
    Self.write(operation.body, to: &json)
  }

  private func write(answersOf operation: Operation, _ permission: Permission, to json: inout JSONWriter) {
    for success in operation.successes {
      json.member(
        String(success.status),
        object: { json in
          json.member("description", success.meaning)
          Self.write(success.fields + Self.fields(of: operation), to: &json)
          if !success.contents.isEmpty { Self.write(success.contents, to: &json) }
        })
    }
    if operation.hasValidator { json.member("304", object: { $0.member("description", "The client has the answer already.") }) }
    let kinds = Set(operation.problems + Self.problems(of: permission) + Self.everywhere)
    for (status, kinds) in Dictionary(grouping: kinds, by: \.status).sorted(by: { $0.key < $1.key }) {
      json.member(String(status), object: { Self.write(kinds.sorted { $0.rawValue < $1.rawValue }, to: &$0) })
    }
  }

  /// A problem's answer, with every kind that it may be as an example.
  private static func write(_ kinds: [ProblemKind], to json: inout JSONWriter) {
    json.member("description", kinds.map(\.title).joined(separator: "; "))
    let asksAgain = kinds.contains { [429, 503].contains($0.status) }
    let challenges = kinds.contains { $0.status == 401 }
    let fields =
      (asksAgain ? [Operation.Field(name: "Retry-After", meaning: "Seconds after which asking again may help.")] : [])
      + (challenges ? [Operation.Field(name: "WWW-Authenticate", meaning: "How to bring a key.")] : []) + [requestIdentifier]
    write(fields, to: &json)
    json.member(
      "content",
      object: { json in
        json.member(
          ProblemDetails.mediaType,
          object: { json in
            json.member("schema", JSONSchema.named("Problem"))
            json.member(
              "examples",
              object: { json in
                for kind in kinds {
                  let details = ProblemDetails(problem: Problem(kind, kind.title + "."), instance: "/")
                  json.member(kind.rawValue, object: { $0.member("value", details) })
                }
              })
          })
      })
  }

  private static func write(_ contents: [Operation.Content], to json: inout JSONWriter) {
    json.member(
      "content",
      object: { json in
        for content in contents {
          json.member(
            content.mediaType,
            object: { json in
              if let schema = content.schema { json.member("schema", schema) }
              if let example = content.example { json.member("example", JSONText(text: example)) }
            })
        }
      })
  }

  private static func write(_ fields: [Operation.Field], to json: inout JSONWriter) {
    json.member(
      "headers",
      object: { json in
        for field in fields {
          json.member(
            field.name,
            object: { json in
              json.member("description", field.meaning)
              json.member("schema", JSONSchema.text)
            })
        }
      })
  }

  private static let requestIdentifier = Operation.Field(name: "X-Request-Id", meaning: "The client's, where it is sane, else a fresh one.")

  private static func fields(of operation: Operation) -> [Operation.Field] {
    let validator = Operation.Field(name: "ETag", meaning: "Changes with the body: for If-None-Match.")
    return (operation.hasValidator ? [validator] : []) + [requestIdentifier]
  }

  /// What any route may answer.
  private static let everywhere: [ProblemKind] = [
    .malformedRequest, .unknownParameter, .repeatedParameter, .headersTooLarge, .targetTooLong, .internalFault,
  ]

  /// What a route that needs `permission` may answer before it is reached.
  private static func problems(of permission: Permission) -> [ProblemKind] {
    switch permission {
    case .everyone: []
    case .anyKey: [.keyNeeded, .unknownKey, .keyRateExceeded]
    case .reads: [.keyNeeded, .unknownKey, .keyRateExceeded, .rightNeeded]
    case .writes: [.keyNeeded, .unknownKey, .keyRateExceeded, .rightNeeded, .localWritesOnly]
    }
  }
}

/// A text that is JSON already.
private struct JSONText: JSONWritable {
  let text: String

  func write(to json: inout JSONWriter) { json.literal(text) }
}

extension Operation.Parameter: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("in", place.rawValue)
      json.member("description", meaning)
      if place == .path { json.member("required", true) }
      json.member("schema", schema)
    }
  }
}
