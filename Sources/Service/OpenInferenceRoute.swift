import HTTP
import HTTPTypes

/// The routes of the Open Inference Protocol v2 beside `infer`: health, metadata, configuration, statistics and the repository.
struct OpenInferenceRoute: Sendable {
  let library: ModelLibrary
  let readiness: Readiness
  let limits: InferenceLimits

  /// `GET /v2`: what this server is, and which extensions it speaks.
  func server(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    return Answer(json: ServerMetadata())
  }

  /// `GET /v2/health/live`.
  func live(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    return Answer(json: Statement(members: [("live", true)]))
  }

  /// `GET /v2/health/ready`: the same truth as `/health/ready`.
  func ready(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let isReady = readiness.reasons.isEmpty
    var answer = Answer(json: Statement(members: [("ready", isReady), ("live", true)]))
    if !isReady {
      answer.status = .serviceUnavailable
      answer.retryAfter = ModelLibrary.retryAfter
    }
    return answer
  }

  /// `GET /v2/models/{name}`: what goes in and what comes out.
  func metadata(_ request: Request) throws(Problem) -> Answer {
    let model = try ready(request).description
    let versions = library.entries.filter { $0.name == model.name && $0.isReady }.map { String($0.version) }
    return Answer(json: ModelMetadata(model: model, versions: versions))
  }

  /// `GET /v2/models/{name}/ready`: 200 where it is, else why not.
  func modelReady(_ request: Request) throws(Problem) -> Answer {
    let model = try ready(request).description
    return Answer(json: ModelReadiness(name: model.name))
  }

  /// `GET /v2/models/{name}/config`: Triton's model configuration.
  func configuration(_ request: Request) throws(Problem) -> Answer {
    Answer(json: ModelConfigurationPayload(model: try ready(request).description, maximumImages: limits.images))
  }

  /// `GET /v2/models/{name}/stats`.
  func statistics(_ request: Request) throws(Problem) -> Answer {
    Answer(json: StatisticsPayload(models: [try ready(request)]))
  }

  /// `GET /v2/models/stats`: of every model that is ready.
  func allStatistics(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let models = library.entries.compactMap { entry in if case .ready(let model) = entry.state { model } else { nil } }
    return Answer(json: StatisticsPayload(models: models))
  }

  /// `POST /v2/repository/index`: every version of every model, or, with `{"ready": true}`, those that are ready.
  func index(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    var wantsReady = false
    try await Self.readObject(request) { (reader, name) throws(JSONFault) in
      guard name == "ready" else { throw reader.fault("\"\(name)\" is no member of this request; ready is") }
      wantsReady = try reader.truth()
    }
    return Answer(json: RepositoryIndex(entries: library.entries.filter { !wantsReady || $0.isReady }))
  }

  /// `POST /v2/repository/models/{name}/load`; a configuration or files in the request are refused.
  func load(_ request: Request) async throws(Problem) -> Answer {
    let name = try await Self.repositoryName(request, knowing: [])
    _ = try await library.load(name)
    return Answer(json: RepositoryAnswer(name: name, done: "load"))
  }

  /// `POST /v2/repository/models/{name}/unload`; no model here has another that depends on it.
  func unload(_ request: Request) async throws(Problem) -> Answer {
    let name = try await Self.repositoryName(request, knowing: ["unload_dependents"])
    try library.unload(name)
    return Answer(json: RepositoryAnswer(name: name, done: "unload"))
  }

  /// `name`, or `name@version`, of a path.
  static func specification(_ request: Request) throws(Problem) -> String {
    let name = request.parameters["name"] ?? ""
    guard let version = request.parameters["version"] else { return name }
    guard Numeral.integer(version, in: 1...Int(Int32.max)) != nil else {
      throw Problem(.unknownModel, "There is no version \"\(version)\" of the model \"\(name)\": versions are whole numbers from 1.")
    }
    return "\(name)@\(version)"
  }

  private func ready(_ request: Request) throws(Problem) -> ServedModel {
    _ = try request.uniqueQuery(knowing: [])
    return try library.model(try Self.specification(request))
  }

  private static func repositoryName(_ request: Request, knowing parameters: [String]) async throws(Problem) -> String {
    _ = try request.uniqueQuery(knowing: [])
    try await readObject(request) { (reader, name) throws(JSONFault) in
      guard name == "parameters" else { throw reader.fault("\"\(name)\" is no member of this request; parameters is") }
      try reader.object { (reader, parameter) throws(JSONFault) in
        guard parameters.contains(parameter) else {
          throw reader.fault("the parameter \"\(parameter)\" is not taken: a model is served as its file is")
        }
        _ = try reader.truth()
      }
    }
    return try specification(request)
  }

  /// Reads the object that a body is; an empty body is an empty object.
  private static func readObject(
    _ request: Request, _ member: (inout JSONReader, String) throws(JSONFault) -> Void
  ) async throws(Problem) {
    let body: [UInt8]
    do {
      body = try await request.body.collect(upTo: maximumControlBytes)
    } catch {
      throw Problem(error, allowing: "this route")
    }
    guard !body.isEmpty else { return }
    do throws(JSONFault) {
      var reader = JSONReader(body)
      try reader.object(member)
      try reader.finish()
    } catch { throw Problem(.malformedBody, "The request cannot be read: \(error).") }
  }

  /// Bytes of a body that only says what to do.
  private static let maximumControlBytes = 64 << 10
}

extension ModelLibrary.Entry {
  var isReady: Bool { if case .ready = state { true } else { false } }
}
