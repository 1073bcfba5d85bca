import Checkpoints
import Foundation
import Kernels
import Masking
import TestSupport
import Testing
import VisionModels

@testable import Training

/// Whole runs of the preset `test` on two dozen small pictures.
@Suite struct PretrainingRunTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for index in 0..<24 { try folder.write(SyntheticImage.png(index, width: 50 + index, height: 70 - index), to: "images/\(index).png") }
  }

  private func configuration(_ assignments: String...) throws -> PretrainingConfiguration { try configuration(assignments) }

  private func configuration(_ assignments: [String]) throws -> PretrainingConfiguration {
    let own = ["data.path=\(folder.file("images"))", "optimizer.batch_size=6", "evaluation.held_back_images=0"]
    return try .resolved(
      preset: "test", assignments: own + ["evaluation.contact_sheet_images=0", "run.state_every_steps=1"] + assignments)
  }

  /// Works on the run until it ends, or until `stop`, which may have been asked already.
  @discardableResult
  private func work(
    on directory: RunDirectory, stop: StopSignal = StopSignal(), evaluate: EvaluateTeacher? = nil
  ) throws -> RunResult {
    let operations = try OneDNNTrainingOperations(precision: .float32, threads: 2)
    let targets = try TargetFile(directory.configuration)?.features(OneDNNOperations(precision: .float32, threads: 2))
    let run = try PretrainingRun(
      directory, images: ImageSet.open(folder.file("images")), operations: operations, targets: targets, stop: stop,
      progress: ProgressBar(surface: { .plain }, write: { _ in }), evaluate: evaluate)
    return try run.run()
  }

  private static let tower = Fixtures.file("towers/clip.pt").path

  @Test(arguments: [
    [], ["target.kind=clip", "target.file=\(tower)", "target.heads=2", "model.patch_size=4", "model.image_size=24"],
    ["mask.secondary_ratio=0.25", "mask.strategy=uniform"],
  ])
  func `a run interrupted after every step ends with the same bits as one that was not`(options: [String]) throws {
    let configuration = try configuration(["schedule.epochs=2"] + options).notingTargetFile()
    let whole = try work(on: .create(folder.file("whole"), configuration: configuration))
    #expect(whole.outcome == .finished && whole.step == 8)

    var result = try work(on: .create(folder.file("parts"), configuration: configuration), stop: Self.stopped)
    #expect(result.outcome == .interrupted(.terminate) && result.exitCode == 143)
    var starts = 1
    while result.outcome != .finished {
      result = try work(on: .reopen(folder.file("parts")), stop: Self.stopped)
      starts += 1
    }
    #expect(starts == 8 && result.step == 8)
    #expect(folder.bytes("parts/checkpoints/epoch-0002.pth") == folder.bytes("whole/checkpoints/epoch-0002.pth"))
    let (parts, lines) = (try #require(folder.text("parts/metrics.jsonl")), try #require(folder.text("whole/metrics.jsonl")))
    #expect(parts.split(separator: "\n").count == lines.split(separator: "\n").count)
  }

  /// A signal that came before the first step.
  private static var stopped: StopSignal {
    let stop = StopSignal()
    stop.receive(.terminate)
    return stop
  }

  @Test func `evaluates when the configuration says, and keeps what it is told to`() throws {
    let configuration = try configuration(
      "schedule.epochs=5", "evaluation.every_epochs=2", "run.keep_last=1", "run.keep_every=2")
    var evaluated = 0
    let directory = try RunDirectory.create(folder.file("run"), configuration: configuration)
    try work(on: directory) { teacher in
      evaluated += 1
      return RunEvaluation(metrics: [Metric("norm", Double(teacher.values("norm.weight").count))], sheet: ([1, 2, 3], 1, 1))
    }
    #expect(evaluated == 3)
    #expect(try folder.names(in: "run/checkpoints") == ["epoch-0002.pth", "epoch-0004.pth", "epoch-0005.pth"])
    #expect(folder.bytes("run/contact-sheet-epoch-0005.png") == [1, 2, 3])
    #expect(folder.text("run/metrics.jsonl")?.contains("\"phase\":\"evaluation\",\"norm\":48") == true)
  }

  @Test func `its checkpoint is read as the authors' are, teacher first`() throws {
    try work(on: .create(folder.file("run"), configuration: configuration("schedule.epochs=1", "schedule.warmup_epochs=0")))
    let checkpoint = try Checkpoint.open(folder.file("run/checkpoints/epoch-0001.pth"))
    #expect(checkpoint.weights == .ema && checkpoint.availableWeights.count == 2)
    let architecture = try CheckpointArchitecture(of: checkpoint)
    #expect(architecture.encoder.heads == 3 && architecture.patchCount == 36 && architecture.lossPredictorRows == 192)
  }

  @Test func `images that are no squares train, and the checkpoint says their shape`() throws {
    let options = ["schedule.epochs=1", "schedule.warmup_epochs=0", "model.image_size=32x72"]
    let result = try work(on: .create(folder.file("run"), configuration: configuration(options)))
    #expect(result.outcome == .finished)
    let checkpoint = try Checkpoint.open(folder.file("run/checkpoints/epoch-0001.pth"))
    let architecture = try CheckpointArchitecture(of: checkpoint)
    // 36 patches would make a square.
    #expect(architecture.patchCount == 36)
    #expect(ModelConfiguration(architecture, of: checkpoint)?.grid == PatchGrid(rows: 4, columns: 9))
    let expected = PositionTable.sineCosine(grid: PatchGrid(rows: 4, columns: 9), width: 48)
    #expect(try checkpoint.read("pos_embed") == expected)
  }

  @Test func `the token of secondary masking is in its checkpoint, as the authors name it, and in no other program's layout`() throws {
    let options = ["schedule.epochs=1", "schedule.warmup_epochs=0", "mask.strategy=uniform", "mask.secondary_ratio=0.25"]
    try work(on: .create(folder.file("run"), configuration: configuration(options)))
    let path = folder.file("run/checkpoints/epoch-0001.pth")
    for weights in [Checkpoint.WeightChoice.ema, .student] {
      let checkpoint = try Checkpoint.open(path, weights: weights)
      #expect(try checkpoint.read("vis_mask_token").contains { $0 != 0 })
      #expect(try CheckpointArchitecture(of: checkpoint).encoder.width == 48)
      #expect(try TowerArchitecture(of: checkpoint).encoder.width == 48)
    }
    let made = folder.file("mae.safetensors")
    let outcome = try CheckpointConversion(format: .safetensors, layout: .mae).convert(path, to: made)
    #expect(outcome.leftOut.contains("vis_mask_token"))
    let kept = folder.file("again.pth")
    #expect(try CheckpointConversion(format: .torch).convert(path, to: kept).leftOut.isEmpty)
    #expect(try Checkpoint.open(kept).read("vis_mask_token") == Checkpoint.open(path).read("vis_mask_token"))
  }

  @Test func `steps whose loss is not finite are counted, and too many in a row end the run`() throws {
    let configuration = try configuration("schedule.epochs=50", "optimizer.max_skipped=1", "optimizer.learning_rate=100")
    let directory = try RunDirectory.create(folder.file("run"), configuration: configuration)
    #expect(throws: RunError.self) { try work(on: directory) }
    #expect(folder.text("run/result.json")?.contains("not finite") == true)
    #expect(folder.text("run/result.json")?.contains("\"non_finite\"") == true)
  }

  @Test func `a batch in parts takes as many steps as one in a piece`() throws {
    let result = try work(
      on: .create(
        folder.file("run"), configuration: configuration("schedule.epochs=1", "optimizer.batch_size=10", "optimizer.accumulation=2")))
    #expect(result.outcome == .finished && result.step == 2)
  }
}
