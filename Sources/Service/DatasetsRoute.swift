import HTTP
import HTTPTypes
import Jobs
import Training

/// `/datasets`.
struct DatasetsRoute: Sendable {
  /// Of a body that names a path.
  private static let greatestPathBytes = 64 << 10

  let desk: JobDesk

  /// `PUT /datasets/{name}`: an archive, or JSON that names a path; 201 with what was counted.
  func put(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let name = request.parameter("name")
    guard ModelDirectory.isName(name) else {
      throw Problem(
        .invalidParameter, "\"\(name)\" is no name for a data set; it must be [a-z0-9][a-z0-9._-]{0,63}.", parameter: "name",
        allowed: ["[a-z0-9][a-z0-9._-]{0,63}"])
    }
    let dataset = request.contentType == "application/json" ? try await register(name, request) : try await upload(name, request)
    var answer = Answer(json: DatasetPayload(dataset: dataset))
    answer.status = .created
    answer.fields[.location] = "/datasets/\(name)"
    return answer
  }

  private func upload(_ name: String, _ request: Request) async throws(Problem) -> Dataset {
    let upload = try await desk.take { () throws(DatasetRefusal) in
      try await desk.supervisor.beginUpload(name, expecting: request.body.declaredLength)
    }
    while let piece = try await Self.nextPiece(of: request.body) {
      try await desk.take { () throws(DatasetRefusal) in try await desk.supervisor.append(piece, to: upload) }
    }
    return try await desk.take { () throws(DatasetRefusal) in try await desk.supervisor.finish(upload) }
  }

  private static func nextPiece(of body: RequestBody) async throws(Problem) -> [UInt8]? {
    do throws(RequestBodyError) { return try await body.nextChunk() } catch { throw Problem(error) }
  }

  private func register(_ name: String, _ request: Request) async throws(Problem) -> Dataset {
    let json = try await JobOrderBody.json(request, upTo: Self.greatestPathBytes)
    guard case .object(let members) = json, members.count == 1, let path = json["path"]?.string else {
      throw Problem(.malformedBody, "The body must be {\"path\": \"/a/folder\"} and no more.", allowed: ["path"])
    }
    return try await desk.take { () throws(DatasetRefusal) in
      try await desk.supervisor.register(name, path: path, roots: desk.dataRoots)
    }
  }

  /// `GET /datasets`: by name.
  func list(_ request: Request) async throws(Problem) -> Answer {
    let query = try PageQuery(request)
    let datasets = try await desk.obey { () throws(JobError) in
      try await desk.supervisor.datasets(after: query.after ?? "", limit: query.limit)
    }
    let page = datasets.prefix(query.limit)
    return Answer(
      json: ListPayload(items: page.map(DatasetPayload.init), next: datasets.count > query.limit ? page.last?.name : nil))
  }

  /// `GET /datasets/{name}`.
  func one(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    return Answer(
      json: DatasetPayload(
        dataset: try await desk.obey { () throws(JobError) in try await desk.supervisor.dataset(request.parameter("name")) }))
  }

  /// `GET /datasets/{name}/thumbnails`: a picture of some of the images, made when the data set was.
  func thumbnails(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let name = request.parameter("name")
    let png = try await desk.obey { () throws(JobError) in try await desk.supervisor.thumbnails(of: name) }
    guard let png else {
      throw Problem(.notFound, "There is no picture of the data set \"\(name)\": none of the images that were tried could be decoded.")
    }
    return Answer(AnswerFormat.png.mediaType, png)
  }

  /// `DELETE /datasets/{name}`: 204; files given by path stay.
  func delete(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    try await desk.obey { () throws(JobError) in try await desk.supervisor.deleteDataset(request.parameter("name")) }
    return .nothing
  }
}
