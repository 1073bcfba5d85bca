import Foundation
import Testing

@testable import Training

@Suite struct RunDirectoryTests {
  private static let configuration = PretrainingConfiguration.preset("test") ?? PretrainingConfiguration()

  private static func create(_ path: String, files: DurableFiles = DurableFiles()) throws -> RunDirectory {
    try RunDirectory.create(path, configuration: configuration, files: files, now: { 1_000_000_000 })
  }

  private static func reopen(_ path: String) throws -> RunDirectory { try RunDirectory.reopen(path, now: { 1_000_000_000 }) }

  @Test func `a new run has its configuration, its folders and its lock`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.create(folder.file("deep/run"))
    #expect(try folder.names(in: "deep/run") == ["checkpoints", "config.json", "lock", "log.txt", "state", "tensorboard"])
    let bytes = try #require(folder.bytes("deep/run/config.json"))
    #expect(try PretrainingConfiguration.resolved(file: bytes) == Self.configuration)
    let holder = try #require(RunProcess(readFrom: folder.file("deep/run/lock")))
    #expect(holder == .current && holder.isAlive)
    #expect(!RunProcess(identifier: holder.identifier, startTicks: holder.startTicks + 1, bootIdentifier: holder.bootIdentifier).isAlive)
    #expect(!RunProcess(identifier: holder.identifier, startTicks: holder.startTicks, bootIdentifier: "another").isAlive)
    try run.log.write("two\nlines")
    #expect(folder.text("deep/run/log.txt") == "2001-09-09T01:46:40Z two lines\n")
  }

  @Test func `a folder that holds anything is refused, and left as it is`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "photo.jpg")
    #expect(throws: RunError.self) { try Self.create(folder.path) }
    #expect(try folder.names() == ["photo.jpg"])
  }

  @Test func `a run cannot be begun twice, nor resumed where there is none`() throws {
    let folder = try TemporaryFolder()
    _ = try Self.create(folder.file("run"))
    let error = #expect(throws: RunError.self) { try Self.create(folder.file("run")) }
    #expect(error?.reason.hasSuffix("resume the run in it with --resume, or choose another folder") == true)
    #expect(throws: RunError.self) { try Self.reopen(folder.path) }
    #expect(try Self.reopen(folder.file("run")).configuration == Self.configuration)
  }

  @Test func `two runs cannot share a directory, and the second hears who has it`() throws {
    let folder = try TemporaryFolder()
    try withExtendedLifetime(Self.create(folder.file("run"))) {
      let error = #expect(throws: RunError.self) { try Self.reopen(folder.file("run")) }
      #expect(error?.reason.hasPrefix("process \(getpid()) is working in this run directory") == true)
    }
    _ = try Self.reopen(folder.file("run"))
  }

  @Test func `whichever operation fails while a run is begun, it can be begun again`() throws {
    for number in 0... {
      let folder = try TemporaryFolder()
      let plan = FaultPlan(refusing: number)
      _ = try? Self.create(folder.path, files: plan.files)
      if !plan.wasReached { break }
      let again = try folder.names().contains("config.json") ? Self.reopen(folder.path) : Self.create(folder.path)
      #expect(again.configuration == Self.configuration)
      #expect(try folder.names() == ["checkpoints", "config.json", "lock", "log.txt", "state", "tensorboard"])
    }
  }

  @Test func `a configuration that was spoilt is named with its fault`() throws {
    let folder = try TemporaryFolder()
    _ = try Self.create(folder.file("run"))
    try folder.write(Array(#"{"mask": {"ratio": 2}}"#.utf8), to: "run/config.json")
    #expect(
      throws: RunError(
        path: folder.file("run/config.json"),
        reason: "the configuration has a fault: mask.ratio: expected a number, 0.0 to 1.0, found 2")
    ) { try Self.reopen(folder.file("run")) }
  }

  @Test func `files that were not finished and the last result are gone when a run goes on`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.create(folder.path)
    _ = try run.end(.interrupted(.terminate), step: 3, epoch: 0.5)
    try folder.write([1], to: "state/step-000000000003.state.partial")
    try folder.write([1], to: "checkpoints/epoch-0001.pth.partial")
    #expect(throws: RunError.self) { try Self.reopen(folder.path) }
    _ = consume run
    _ = try Self.reopen(folder.path)
    #expect(folder.bytes("result.json") == nil)
    #expect(try folder.names(in: "state").isEmpty && folder.names(in: "checkpoints").isEmpty)
  }

  @Test(arguments: [
    (RunResult.Outcome.finished, Int32(0), "finished", JSONValue.null), (.interrupted(.terminate), 143, "interrupted", .text("SIGTERM")),
    (.interrupted(.interrupt), 130, "interrupted", .text("SIGINT")), (.failed(reason: "the loss"), 1, "failed", .text("the loss")),
  ])
  func `a result says how the run ended`(outcome: RunResult.Outcome, code: Int32, word: String, reason: JSONValue) throws {
    let folder = try TemporaryFolder()
    let run = try Self.create(folder.path)
    #expect(try run.end(outcome, step: 7, epoch: 1.25).exitCode == code)
    let json = try #require(folder.bytes("result.json").map { try JSONValue(parsing: $0) })
    #expect(json["outcome"] == .text(word) && json["reason"] == reason && json["exit_code"] == .integer(Int(code)))
    #expect(json["step"] == .integer(7) && json["epoch"]?.decimal == 1.25 && json["ended_at"] == .text("2001-09-09T01:46:40Z"))
  }

  @Test func `checkpoints that are not kept go, with all their files, and nothing else does`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.create(folder.path)
    for epochs in 1...4 {
      for suffix in ["pth", "safetensors"] {
        try folder.write([1], to: "checkpoints/\(CheckpointName(epochs: epochs)).\(suffix)")
      }
    }
    try folder.write([1], to: "checkpoints/epoch-0002-step-00000011.pth")
    try folder.write([1], to: "checkpoints/notes.txt")
    try run.retireCheckpoints()
    #expect(
      try folder.names(in: "checkpoints") == [
        "epoch-0003.pth", "epoch-0003.safetensors", "epoch-0004.pth", "epoch-0004.safetensors", "notes.txt",
      ])
    #expect(run.checkpointPath(CheckpointName(epochs: 4), extension: "pth") == folder.file("checkpoints/epoch-0004.pth"))
  }

  @Test func `a resumed run forgets the states and lines past the one it goes on from`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.create(folder.path)
    let (lines, _) = try run.metrics(resumingAfter: 0)
    for step in 1...6 {
      try lines.append(MetricsRecord(step: step, epoch: Double(step), phase: .train, metrics: [Metric(.learningRate, 0.5)]))
      var state = RunState()
      state.step = step
      try run.states.save(state, arrays: []) { _, _ in }
    }
    try lines.synchronize()
    _ = try run.metrics(resumingAfter: 5)
    #expect(run.states.steps == [5])
    #expect(folder.text("metrics.jsonl")?.split(separator: "\n").count == 5)
    #expect(folder.text("metrics.jsonl")?.hasPrefix("{\"step\":1,\"epoch\":1.0,\"phase\":\"train\",\"learning_rate\":0.5}\n") == true)
  }
}
