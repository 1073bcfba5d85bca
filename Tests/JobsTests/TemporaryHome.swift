import Foundation
import TestSupport

@testable import Jobs

/// A home folder of one test's own with a worker's stand-in in it, gone with its last reference.
final class TemporaryHome: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-jobs-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path + "/images", withIntermediateDirectories: true)
    try write(Array(FakeWorker.script.utf8), to: "worker")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file("worker"))
  }

  deinit {
    // A database that closes meanwhile takes a file away from under the first attempt.
    while FileManager.default.fileExists(atPath: path) { try? FileManager.default.removeItem(atPath: path) }
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func text(_ name: String) -> String? { FileManager.default.contents(atPath: file(name)).map { String(decoding: $0, as: UTF8.self) } }

  func names(in folder: String) -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: file(folder))) ?? []).sorted() }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let url = URL(fileURLWithPath: file(name))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  /// A file of so many bytes that takes no disk.
  @discardableResult
  func write(holesOf count: Int, to name: String) throws -> String {
    let path = try write([], to: name)
    guard truncate(path, off_t(count)) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    return path
  }

  /// A supervisor on the folder `home`, with one data set, `photos`.
  ///
  /// - Parameter inUse: Files that something other than a job needs, by their names here.
  func supervisor(inUse: [String] = [], _ change: (inout JobsConfiguration) -> Void = { _ in }) async throws -> JobSupervisor {
    var configuration = JobsConfiguration()
    configuration.program = file("worker")
    configuration.followInterval = 0.02
    configuration.backOff = 0.01
    change(&configuration)
    let supervisor = try JobSupervisor(
      JobHome(file("home")), recipes: [FakeWorker()], configuration: configuration, survey: FakeWorker.survey,
      filesInUse: { [self] in inUse.map(file) }
    ) { sentence in print(sentence) }
    _ = try await supervisor.register("photos", path: file("images"), roots: [path])
    try await supervisor.start()
    return supervisor
  }
}

/// A kind of job whose worker is a shell script; its configuration is the word that tells the script what to do.
struct FakeWorker: JobRecipe {
  let kind = "fake"

  static let thumbnails: [UInt8] = [0x89, 0x50, 0x4E, 0x47]

  static let survey: DatasetSurvey = { path, origin throws(DatasetError) in
    guard FileManager.default.fileExists(atPath: path) else { throw .unusable("There is nothing at \(path).") }
    let images = FileManager.default.subpaths(atPath: path)?.count ?? 0
    return DatasetFindings(
      count: DatasetCount(images: images, classes: 0, passedOver: 0, duplicates: origin == .upload ? 2 : 0), thumbnails: thumbnails)
  }

  func plan(config: String, threads: Int) throws(JobError) -> JobPlan {
    guard config != "wrong" else { throw .wrongConfiguration(["a: expected a number", "b: there is no such option"]) }
    return JobPlan(epochs: 4)
  }

  func command(for job: Job, in folder: JobFolder, threads: Int) throws(JobError) -> WorkerCommand {
    WorkerCommand(arguments: [folder.run, job.config])
  }

  /// Writes a run directory as `hpm pretrain` does: a state after every step, from which the next start goes on.
  static let script = #"""
    #!/bin/bash
    run=$1
    mkdir -p "$run/checkpoints"
    echo "started" >> "$run/starts"
    state=$(cat "$run/state" 2>/dev/null || echo 0)
    echo '{}' > "$run/config.json"
    # As a resumed run does, it forgets the metrics of steps after its state.
    if [ -f "$run/metrics.jsonl" ]; then head -n "$state" "$run/metrics.jsonl" > "$run/m"; mv "$run/m" "$run/metrics.jsonl"; fi
    echo "2026-01-01T00:00:00Z Training goes on after step $state" >> "$run/log.txt"
    result() { echo "{\"outcome\":\"$1\",\"reason\":\"$2\",\"cause\":$3}" > "$run/result.json"; }
    step() {
      state=$((state + 1))
      echo "{\"step\":$state,\"epoch\":$state,\"phase\":\"train\",\"images_per_second\":8,\"loss\":0.5}" >> "$run/metrics.jsonl"
    }
    save() { echo "$state" > "$run/state"; }
    case $2 in
      finish) for i in 1 2 3 4; do step; save; done; touch "$run/checkpoints/epoch-0004.pth"; result finished "" null; exit 0 ;;
      fail) result failed "the images are gone" null; exit 1 ;;
      squeeze) step; save
        if [ -f "$run/room" ]; then result finished "" null; exit 0; fi
        result failed "No space left on device" '"no_room"'; exit 1 ;;
      speak) echo "the last word" >&2; exit 2 ;;
      diverge) result failed "the loss is not finite" '"non_finite"'; exit 1 ;;
      crash) step; kill -SEGV $$ ;;
      vanish) step; kill -KILL $$ ;;
      once) if [ "$(wc -l < "$run/starts")" = 1 ]; then step; save; kill -KILL $$; fi; step; result finished "" null; exit 0 ;;
      work) trap 'touch "$run/checkpoints/epoch-0000-step-$state.pth"; save; result interrupted SIGTERM null; exit 143' TERM
        step; while [ -d "$run" ]; do sleep 0.02; done ;;
      stubborn) trap '' TERM; step; while [ -d "$run" ]; do sleep 0.02; done ;;
      environment) env > "$run/environment"; cut -d " " -f 41 /proc/self/stat > "$run/policy"; ls /proc/self/fd > "$run/files"; exit 0 ;;
    esac
    """#
}

extension JobSupervisor {
  func submit(_ config: String, priority: Int = 0, key: IdempotencyKey? = nil) async throws -> String {
    let submission = JobSubmission(kind: "fake", name: nil, dataset: "photos", config: config, priority: priority)
    return try await submit(submission, key: key) { Array($0.id.utf8) }.id
  }

  /// The job as soon as `condition` holds; the suite's time limit bounds the wait.
  @discardableResult
  func wait(for id: String, until condition: (Job) -> Bool) async throws -> Job {
    for await _ in feed.changes(of: id) {
      let job = try await job(id)
      if condition(job) { return job }
    }
    return try await job(id)
  }

  @discardableResult
  func wait(for id: String, to be: JobState) async throws -> Job { try await wait(for: id) { $0.state == be } }

  /// What followers were told, as kind and data.
  func story(of id: String) async throws -> [String] {
    try await events(of: id, after: 0, limit: 1000).events.map { "\($0.kind.rawValue) \($0.data)" }
  }
}
