import Foundation
import HTTPTypes
import Images
import TestSupport
import Testing

@testable import Service

/// The service's description of itself, as a client reads it.
private struct Description {
  let document: [String: Any]

  init(_ harness: Harness) async throws { document = try await harness.send(.get, "/openapi.json").json() }

  var paths: [String: [String: [String: Any]]] { document["paths"] as? [String: [String: [String: Any]]] ?? [:] }

  var schemas: [String: [String: Any]] {
    (document["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]] ?? [:]
  }

  func operation(_ method: String, _ path: String) throws -> [String: Any] { try #require(paths[path]?[method]) }

  /// The schema of an answer in JSON.
  func schema(_ method: String, _ path: String, _ status: String = "200", _ type: String = "application/json") throws -> [String: Any] {
    let answers = try operation(method, path)["responses"] as? [String: [String: Any]]
    let content = answers?[status]?["content"] as? [String: [String: Any]]
    return try #require(content?[type]?["schema"] as? [String: Any])
  }

  /// Why `value` does not fit `schema`; `nil` where it does.
  func fault(_ value: Any, _ schema: [String: Any], at place: String = "") -> String? {
    if let reference = schema["$ref"] as? String {
      guard let named = schemas[reference.replacing("#/components/schemas/", with: "")] else { return "\(reference) leads nowhere" }
      return fault(value, named, at: place)
    }
    if let choices = schema["anyOf"] as? [[String: Any]] {
      return choices.contains { fault(value, $0) == nil } ? nil : "\(place): fits none of \(choices.count)"
    }
    switch schema["type"] as? String {
    case "object":
      guard let object = value as? [String: Any] else { return "\(place): no object" }
      if let name = (schema["required"] as? [String])?.first(where: { object[$0] == nil }) { return "\(place): \(name) is missing" }
      let members = schema["properties"] as? [String: [String: Any]] ?? [:]
      if schema["additionalProperties"] == nil, let name = object.keys.first(where: { members[$0] == nil }) {
        return "\(place): \(name) is not described"
      }
      return members.lazy.compactMap { name, schema in object[name].flatMap { fault($0, schema, at: "\(place)/\(name)") } }.first
    case "array":
      guard let array = value as? [Any], let element = schema["items"] as? [String: Any] else { return "\(place): no array" }
      return array.lazy.compactMap { fault($0, element, at: place + "/-") }.first
    case "string":
      guard let text = value as? String else { return "\(place): no text" }
      if let words = schema["enum"] as? [String], !words.contains(text) { return "\(place): \(text)" }
      if let pattern = schema["pattern"] as? String, text.range(of: pattern, options: .regularExpression) == nil {
        return "\(place): \(text)"
      }
      return nil
    case "integer", "number":
      guard let number = value as? NSNumber else { return "\(place): no number" }
      let least = schema["minimum"] as? Double ?? -.infinity
      return number.doubleValue >= least && number.doubleValue <= schema["maximum"] as? Double ?? .infinity ? nil : "\(place): \(number)"
    case "boolean": return value is Bool ? nil : "\(place): neither true nor false"
    case "null": return value is NSNull ? nil : "\(place): not null"
    default: return "\(place): the schema has no type"
    }
  }
}

@Suite(.timeLimit(.minutes(1))) struct OpenAPITests {
  /// Kept as long as a test runs: its home folder goes with it.
  private let jobs: JobHarness
  private var harness: Harness { jobs.service }

  init() async throws {
    jobs = try await JobHarness(running: 0, page: Fixtures.root.appendingPathComponent("Public").path)
  }

  @Test func `tells of every route that there is, and of no other`() async throws {
    let described = try await Description(harness).paths.flatMap { path, operations in operations.keys.map { "\($0) \(path)" } }
    let registered = harness.application.registered.map { "\($0.method.rawValue.lowercased()) \($0.template.replacing("...}", with: "}"))" }
    #expect(described.sorted() == registered.sorted())
  }

  @Test func `gives every operation a name of its own, and describes no route twice`() {
    #expect(Set(Operation.all.map(\.identifier)).count == Operation.all.count)
    #expect(Set(Operation.all.map { "\($0.method) \($0.template)" }).count == Operation.all.count)
  }

  @Test func `is OpenAPI 3.1 whose references all lead somewhere`() async throws {
    let reply = try await harness.send(.get, "/openapi.json")
    #expect(reply.head.headerFields[.contentType] == "application/json")
    #expect(try reply.json()["openapi"] as? String == "3.1.0")
    let names = Set(JSONSchema.components.map(\.name))
    for match in reply.text.matches(of: /"#\/components\/schemas\/([A-Za-z]+)"/) { #expect(names.contains(String(match.1)), "\(match.1)") }
    for name in names { #expect(reply.text.contains("schemas/\(name)\""), "nothing refers to \(name)") }
  }

  @Test(arguments: [
    ("post", "/predict-loss", QueryTable.predictLoss), ("post", "/mask", .postMask), ("get", "/mask", .getMask),
    ("post", "/reconstruct", .reconstruct),
  ])
  func `tells of every query parameter, out of the table that reads it`(method: String, path: String, table: QueryTable) async throws {
    let operation = try await Description(harness).operation(method, path)
    let parameters = try #require(operation["parameters"] as? [[String: Any]])
    #expect(parameters.filter { $0["in"] as? String == "query" }.compactMap { $0["name"] as? String } == table.parameters.map(\.name))
    for parameter in parameters { #expect((parameter["schema"] as? [String: Any])?["type"] is String) }
  }

  @Test func `names every segment of a path`() async throws {
    for (path, operations) in try await Description(harness).paths {
      let segments = path.matches(of: /\{([a-z]+)\}/).map { String($0.1) }
      for operation in operations.values {
        let parameters = (operation["parameters"] as? [[String: Any]] ?? []).filter { $0["in"] as? String == "path" }
        #expect(parameters.compactMap { $0["name"] as? String } == segments, "\(path)")
      }
    }
  }

  @Test func `has an example of every answer in JSON, which fits its schema`() async throws {
    let description = try await Description(harness)
    for (path, operations) in description.paths {
      for (method, operation) in operations {
        for (status, answer) in operation["responses"] as? [String: [String: Any]] ?? [:] where status.hasPrefix("2") {
          guard let content = (answer["content"] as? [String: [String: Any]])?["application/json"] else { continue }
          let example = try #require(content["example"], "\(method) \(path)")
          let schema = try #require(content["schema"] as? [String: Any])
          if path != "/openapi.json" { #expect(description.fault(example, schema) == nil, "\(method) \(path)") }
        }
      }
    }
  }

  @Test func `demands a key where the gatekeeper does, and says 401 and 403`() async throws {
    let description = try await Description(harness)
    let open = try description.operation("get", "/health/live")
    #expect(open["security"] == nil)
    let guarded = try description.operation("delete", "/models/{name}")
    #expect((guarded["security"] as? [[String: [String]]])?.last == ["key": ["admin"]])
    #expect((guarded["responses"] as? [String: Any])?["403"] != nil)
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, "/mask?count=2", "/mask"), (.get, "/models", "/models"), (.get, "/models/brightness", "/models/{name}"),
    (.get, "/health/live", "/health/live"), (.get, "/health/ready", "/health/ready"), (.get, "/v2", "/v2"),
    (.get, "/v2/models/brightness", "/v2/models/{name}"), (.get, "/v2/models/brightness/config", "/v2/models/{name}/config"),
    (.get, "/v2/models/brightness/stats", "/v2/models/{name}/stats"), (.get, "/v2/models/stats", "/v2/models/stats"),
    (.get, "/v2/models/brightness/ready", "/v2/models/{name}/ready"), (.get, "/v2/health/ready", "/v2/health/ready"),
    (.post, "/v2/repository/index", "/v2/repository/index"), (.get, "/jobs", "/jobs"), (.get, "/datasets", "/datasets"),
    (.get, "/datasets/photos", "/datasets/{name}"),
    (.post, "/models/brightness/load", "/models/{name}/load"), (.post, "/models/brightness/unload", "/models/{name}/unload"),
    (.post, "/models/brightness/default", "/models/{name}/default"),
    (.post, "/v2/repository/models/brightness/load", "/v2/repository/models/{name}/load"),
  ])
  func `describes what is answered`(method: HTTPRequest.Method, target: String, path: String) async throws {
    let description = try await Description(harness)
    let reply = try await harness.send(method, target)
    #expect(reply.status == 200)
    let schema = try description.schema(method.rawValue.lowercased(), path)
    #expect(description.fault(try JSONSerialization.jsonObject(with: Data(reply.body)), schema) == nil, "\(reply.text)")
  }

  @Test(arguments: [
    ("/predict-loss", "/predict-loss"), ("/predict-loss?ratio=.5&mode=masked_average", "/predict-loss"), ("/mask", "/mask"),
    ("/reconstruct?ratio=.5&draws=4", "/reconstruct"),
  ])
  func `describes what is said of images, alone and in a batch`(target: String, path: String) async throws {
    let description = try await Description(harness)
    let schema = try description.schema("post", path)
    let file = PNGEncoder.encode(RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0) }))
    for body in [file, Arrays.floats(rows: 4, columns: 4) { Float($1) }] {
      let reply = try await harness.send(.post, target, body: body)
      #expect(reply.status == 200)
      #expect(description.fault(try JSONSerialization.jsonObject(with: Data(reply.body)), schema) == nil, "\(reply.text)")
    }
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, "/mask?ratio=2", "/mask"), (.post, "/predict-loss?model=absent", "/predict-loss"),
    (.get, "/models/absent", "/models/{name}"), (.get, "/v2/models/absent", "/v2/models/{name}"), (.put, "/models/x", "/models/{name}"),
    (.post, "/v2/models/brightness/infer", "/v2/models/{name}/infer"), (.delete, "/models/brightness", "/models/{name}"),
    (.post, "/mask", "/mask"), (.get, "/problems/absent", "/problems/{code}"),
    (.get, "/jobs/absent", "/jobs/{id}"), (.post, "/jobs", "/jobs"), (.get, "/datasets/absent", "/datasets/{name}"),
    (.post, "/jobs/absent/pause", "/jobs/{id}/pause"), (.put, "/datasets/x", "/datasets/{name}"),
  ])
  func `describes how it is refused`(method: HTTPRequest.Method, target: String, path: String) async throws {
    let description = try await Description(harness)
    let reply = try await harness.send(method, target)
    #expect(reply.status >= 400)
    let schema = try description.schema(method.rawValue.lowercased(), path, "\(reply.status)", "application/problem+json")
    #expect(description.fault(try reply.json(), schema) == nil, "\(reply.text)")
  }
}
