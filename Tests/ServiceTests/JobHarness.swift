import Foundation
import HTTPTypes
import Images
import Jobs
import Logging

@testable import Service

/// A service with jobs whose worker is a shell script, on a home folder of a test's own.
final class JobHarness: Sendable {
  let folder: String
  let supervisor: JobSupervisor
  let service: Harness

  /// - Parameters:
  ///   - running: Jobs that run at once.
  ///   - homeBytes: What the home may take.
  ///   - store: Where models are kept, made for the home folder.
  init(
    running: Int = 1, page: String? = nil, homeBytes: Int = 0, store: (_ home: String) -> ModelStore? = { _ in nil }
  ) async throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-service-\(UUID().uuidString)").path
    let worker = folder + "/worker"
    try FileManager.default.createDirectory(atPath: folder + "/images", withIntermediateDirectories: true)
    try Data(Self.script.utf8).write(to: URL(fileURLWithPath: worker))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: worker)
    var configuration = JobsConfiguration()
    configuration.program = worker
    configuration.maximumRunning = running
    configuration.followInterval = 0.02
    configuration.homeBytes = homeBytes
    supervisor = try JobSupervisor(
      JobHome(folder + "/home"), recipes: [ScriptRecipe()], configuration: configuration, survey: Self.survey, filesInUse: { [] }
    ) { _ in }
    let desk = JobDesk(supervisor, dataRoots: [folder], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    service = await Harness(store: store(folder + "/home"), jobs: desk, page: page)
    try await supervisor.start()
    _ = try await supervisor.register("photos", path: folder + "/images", roots: [folder])
  }

  deinit {
    // A database that closes meanwhile takes a file away from under the first attempt.
    while FileManager.default.fileExists(atPath: folder) { try? FileManager.default.removeItem(atPath: folder) }
  }

  private static let survey: DatasetSurvey = { _, _ throws(DatasetError) in
    DatasetFindings(count: DatasetCount(images: 3, classes: 0, passedOver: 1, duplicates: 0), thumbnails: picture)
  }

  static let picture = PNGEncoder.encode(RGBImage(width: 1, height: 1, pixels: [1, 2, 3]))

  /// Two steps, a checkpoint, the end.
  private static let script = #"""
    #!/bin/bash
    mkdir -p "$1/checkpoints"
    echo '{"step":1,"epoch":0.5,"phase":"train","loss":0.5}' >> "$1/metrics.jsonl"
    echo '{"step":2,"epoch":1.0,"phase":"train","loss":0.25}' >> "$1/metrics.jsonl"
    echo '{"step":2,"epoch":1.0,"phase":"evaluation","accuracy":1}' >> "$1/metrics.jsonl"
    printf 0123456789 > "$1/checkpoints/epoch-0001.pth"
    echo "first"; echo "second"; echo "third" >&2
    exit 0
    """#

  /// Submits a job and gives its id.
  func submit(_ members: String = "") async throws -> String {
    let reply = try await post("/jobs", #"{"kind": "script", "dataset": "photos"\#(members)}"#)
    return try reply.json()["id"] as? String ?? ""
  }

  func post(_ target: String, _ json: String, key: String? = nil) async throws -> Reply {
    try await service.send(
      .post, target, key.map { [.contentType: "application/json", .idempotencyKey: $0] } ?? [.contentType: "application/json"],
      body: Array(json.utf8))
  }

  /// Returns when the job has ended.
  func finish(_ id: String) async throws {
    for await _ in supervisor.feed.changes(of: id) where try await supervisor.job(id).state.isFinished { return }
  }
}

private struct ScriptRecipe: JobRecipe {
  let kind = "script"

  func plan(config: String, threads: Int) throws(JobError) -> JobPlan {
    guard config == "{}" else { throw .wrongConfiguration(["a.b: expected a number", "c.d: there is no such option"]) }
    return JobPlan(epochs: 1)
  }

  func command(for job: Job, in folder: JobFolder, threads: Int) throws(JobError) -> WorkerCommand {
    WorkerCommand(arguments: [folder.run])
  }
}
