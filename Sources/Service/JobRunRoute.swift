import Dispatch
import Foundation
import HTTP
import HTTPTypes
import Jobs
import Training

/// What a job's worker has written: `/jobs/{id}/metrics`, `/log` and `/files`.
struct JobRunRoute: Sendable {
  private static let csvType = "text/csv"
  private static let standardTail = 100
  static let greatestTail = 10_000

  let desk: JobDesk

  /// `GET /jobs/{id}/metrics`: the lines after a step, as JSON or CSV.
  func metrics(_ request: Request) async throws(Problem) -> Answer {
    var after = -1
    for item in try request.uniqueQuery(knowing: ["after_step"]) { after = try PageQuery.number(item, in: 0...Int.max) }
    let negotiation = MediaTypeNegotiation(accept: request.head.headerFields[.accept])
    guard let type = negotiation.best(of: [AnswerFormat.json.mediaType, Self.csvType]) else {
      throw Problem(
        .notAcceptable, "Metrics come as \(AnswerFormat.json.mediaType) or \(Self.csvType).", parameter: "Accept",
        allowed: [AnswerFormat.json.mediaType, Self.csvType])
    }
    let folder = try await folder(request)
    let step = after
    let table = await Self.blocking { MetricsTable(folder.metrics, after: step) }
    return type == Self.csvType ? Answer("text/csv; charset=utf-8", Array(table.csv.utf8)) : Answer(json: table)
  }

  /// `GET /jobs/{id}/log`: the last lines of what workers printed.
  func log(_ request: Request) async throws(Problem) -> Answer {
    var tail = Self.standardTail
    for item in try request.uniqueQuery(knowing: ["tail"]) { tail = try PageQuery.number(item, in: 1...Self.greatestTail) }
    let (folder, count) = (try await folder(request), tail)
    let lines = await Self.blocking { FileTail.lines(folder.output, count: count) }
    return Answer("text/plain; charset=utf-8", Array(lines.map { $0 + "\n" }.joined().utf8))
  }

  /// `GET /jobs/{id}/files`: every file of the run that is whole.
  func files(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let folder = try await folder(request)
    let files = await Self.blocking { RunFile.all(in: folder.run) }
    return Answer(json: ListPayload(items: files, next: nil))
  }

  /// `GET /jobs/{id}/files/{path...}`: one of them, or a `Range` of it.
  func file(_ request: Request) async throws(Problem) -> Response {
    _ = try request.uniqueQuery(knowing: [])
    let folder = try await folder(request)
    let segments = Array(request.pathSegments.dropFirst(3))
    guard segments.last != "" else { throw Problem(.notFound, "The path names no file of the run.") }
    return await StaticFiles(root: folder.run, errorResponse: ServiceRoutes.refusal).respond(to: request, path: segments)
  }

  private func folder(_ request: Request) async throws(Problem) -> JobFolder {
    try await desk.obey { () throws(JobError) in try await desk.supervisor.folder(of: request.parameter("id")) }
  }

  private static func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: work()) }
    }
  }
}

/// A file of a run.
struct RunFile: JSONWritable, Sendable {
  let path: String
  let bytes: Int
  let modified: Date

  /// Those below a folder, by path; hidden files and those still being written are left out.
  static func all(in folder: String) -> [RunFile] {
    let root = URL(fileURLWithPath: folder, isDirectory: true)
    let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey, .contentModificationDateKey]
    let urls = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys, options: .skipsHiddenFiles)
    var files: [RunFile] = []
    while let url = urls?.nextObject() as? URL {
      guard let values = try? url.resourceValues(forKeys: Set(keys)), values.isRegularFile == true, url.pathExtension != "partial" else {
        continue
      }
      files.append(
        RunFile(
          path: url.pathComponents.dropFirst(root.pathComponents.count).joined(separator: "/"), bytes: values.fileSize ?? 0,
          modified: values.contentModificationDate ?? .distantPast))
    }
    return files.sorted { $0.path < $1.path }
  }

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("path", path)
      json.member("bytes", bytes)
      json.member("modified_at", Timestamp.text(modified))
    }
  }
}
