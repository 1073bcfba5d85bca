import HTTP
import HTTPTypes

/// What changes the models: `PUT` and `DELETE /models/{name}`, and `POST /models/{name}/load`, `/unload` and `/default`.
struct ModelChangeRoute: Sendable {
  let library: ModelLibrary
  /// `nil` for a service that takes no models.
  let store: ModelStore?
  /// Jobs and data sets, with which models may share the home folder.
  let jobs: JobDesk?

  /// Keeps the model in the body as a new version: 201 where the name is new, else 200. It is not loaded.
  func upload(_ request: Request) async throws(Problem) -> Answer {
    let name = try name(request)
    guard ModelDirectory.isName(name) else {
      throw Problem(
        .invalidParameter, "\"\(name)\" is no name of a model.", parameter: "name", allowed: ["[a-z0-9][a-z0-9._-]{0,63}"])
    }
    guard request.body.declaredLength != 0 else {
      throw Problem(.malformedBody, "The request has no body; send a checkpoint, such as with curl --upload-file model.safetensors.")
    }
    let versions = library.entries.filter { $0.name == name }.map(\.version)
    try checkConditions(request, name, exists: !versions.isEmpty)
    let upload = try await publish(name, request.body.declaredLength ?? 0) { store, newest throws(Problem) in
      try await store.receive(request.body, name: name, after: newest)
    }
    var answer = Answer(json: UploadPayload(upload: upload, model: try library.payload("\(name)@\(upload.source.version)")))
    answer.status = versions.isEmpty ? .created : .ok
    answer.fields[.location] = "/models/\(name)"
    return answer
  }

  /// Keeps what `receive` takes into the store, so many bytes, as the newest version of a name; the versions that nobody needs any more go.
  func publish(
    _ name: String, _ bytes: Int, _ receive: (ModelStore, _ newest: Int) async throws(Problem) -> ModelStore.Upload
  ) async throws(Problem) -> ModelStore.Upload {
    guard let store else { throw Problem(.modelsReadOnly, "This service keeps no models; start it with --models or --home.") }
    try await jobs?.makeRoom(for: bytes, in: store)
    let newest = library.entries.filter { $0.name == name }.map(\.version).max() ?? 0
    let upload = try await receive(store, newest)
    library.add(upload.source)
    for source in ModelStore.superfluous(library.sources(of: name).filter(store.owns), serving: library.serving(name)) {
      for gone in try library.remove("\(source.name)@\(source.version)") { try? await store.delete(gone) }
    }
    return upload
  }

  /// Deletes every version of a name, or one.
  func delete(_ request: Request) async throws(Problem) -> Answer {
    let name = try name(request)
    let entry = try library.payload(name).entry
    guard let store, library.sources(of: entry.name).allSatisfy(store.owns) else {
      throw Problem(.modelsReadOnly, "The files of the model \(entry.name) are not in a folder that this service may change.")
    }
    for source in try library.remove(name) { try await store.delete(source) }
    var answer = Answer("", [])
    answer.status = .noContent
    return answer
  }

  /// Reads the newest version, or the one that is named, and lets it take its place once it is ready.
  func load(_ request: Request) async throws(Problem) -> Answer {
    let name = try name(request)
    _ = try await library.load(name)
    return Answer(json: try library.payload(name))
  }

  /// Takes a model out of service.
  func unload(_ request: Request) throws(Problem) -> Answer {
    let name = try name(request)
    try library.unload(name)
    return Answer(json: try library.payload(name))
  }

  /// Lets a model answer where a request names none.
  func makeDefault(_ request: Request) throws(Problem) -> Answer {
    let name = try name(request)
    try library.setDefault(name)
    return Answer(json: try library.payload(name))
  }

  private func name(_ request: Request) throws(Problem) -> String {
    _ = try request.uniqueQuery(knowing: [])
    return request.parameters["name"] ?? ""
  }

  private func checkConditions(_ request: Request, _ name: String, exists: Bool) throws(Problem) {
    guard let condition = request.head.headerFields[.ifNoneMatch] else { return }
    guard condition == "*" else {
      throw Problem(
        .invalidParameter, "The header field If-None-Match is \"\(condition)\", but here it can only be *.", parameter: "If-None-Match",
        allowed: ["*"])
    }
    guard !exists else { throw Problem(.modelExists, "There is a model \(name) already.") }
  }
}

/// What an upload answers: the model, and what was received.
private struct UploadPayload: JSONWritable {
  let upload: ModelStore.Upload
  let model: ModelPayload

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", upload.source.name)
      json.member("version", upload.source.version)
      json.member("versions", model.versions)
      json.member("default", model.entry.isDefault)
      json.member("state", model.state)
      json.member("reason", model.entry.reason)
      json.member("sha256", upload.sha256)
      json.member("bytes", upload.byteCount)
    }
  }
}
