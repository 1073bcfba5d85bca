import Foundation
import Images
import TestSupport
import Testing

/// `hpm pretrain` as a process: its end, its signals, and that nothing is lost when it is killed.
@Suite struct PretrainTests {
  private let folder: URL
  private let images: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-pretrain-\(UUID().uuidString)", isDirectory: true)
    images = folder.appendingPathComponent("images", isDirectory: true)
    try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
    for index in 0..<24 {
      let pixels = (0..<60 * 60 * 3).map { UInt8(truncatingIfNeeded: $0 &* (index + 3) &+ $0 / 97) }
      let picture = PNGEncoder.encode(RGBImage(width: 60, height: 60, pixels: pixels))
      try Data(picture).write(to: images.appendingPathComponent("\(index).png"))
    }
  }

  private func arguments(_ run: String, _ assignments: String...) -> [String] {
    let common = ["optimizer.batch_size=8", "evaluation.held_back_images=8", "schedule.epochs=6", "run.state_every_steps=1"]
    return ["pretrain", "--data", images.path, "--out", path(run), "--preset", "test"]
      + (common + assignments).flatMap { ["--set", $0] }
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

  @Test func `a run that is killed again and again ends as one that is not`() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = try await Program.run(arguments("whole"))
    #expect(whole.status == 0, "\(whole.errors)")

    // Each start lives longer than the one before, so the last one comes to the end whatever the machine.
    var command = arguments("killed")
    var milliseconds = 150.0
    var killed = 0
    while true {
      let outcome = try await Outcome(of: ["timeout", "--signal=KILL", "\(milliseconds / 1000)", Program.path] + command)
      if outcome.status == 0 { break }
      killed += 1
      milliseconds *= 1.15
      if FileManager.default.fileExists(atPath: path("killed/config.json")) { command = ["pretrain", "--out", path("killed"), "--resume"] }
      try #require(killed < 60, "\(outcome.errors)")
    }
    #expect(killed > 0)
    #expect(try bytes("killed/checkpoints/epoch-0006.pth") == bytes("whole/checkpoints/epoch-0006.pth"))
  }

  @Test func `its checkpoint predicts, and its contact sheet is a picture`() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let trained = try await Program.run(arguments("run", "schedule.epochs=1", "schedule.warmup_epochs=0"))
    #expect(trained.status == 0 && trained.output.isEmpty, "\(trained.errors)")
    let checkpoint = path("run/checkpoints/epoch-0001.pth")
    let predicted = try await Program.run(["predict", images.appendingPathComponent("3.png").path, "--model", checkpoint])
    #expect(predicted.status == 0 && predicted.text.contains("\"grid\":[6,6]"), "\(predicted.errors)")
    let sheet = try ImageDecoder.decode([UInt8](bytes("run/contact-sheet-epoch-0001.png")))
    #expect(sheet.image.width > 400)
  }

  @Test func `SIGTERM saves and exits 143, and --resume finishes`() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let command = arguments("run", "schedule.epochs=2000")
    let stopped = try await Outcome(of: ["timeout", "--signal=TERM", "--preserve-status", "2", Program.path] + command)
    #expect(stopped.status == 143, "\(stopped.errors)")
    #expect(try String(decoding: bytes("run/result.json"), as: UTF8.self).contains("\"interrupted\""))
    let names = try FileManager.default.contentsOfDirectory(atPath: path("run/checkpoints"))
    #expect(names.contains { $0.hasSuffix(".pth") } && !names.contains { $0.hasSuffix(".partial") })
  }

  @Test func `a run towards a frozen network's features notes its file, and does not go on with another`() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let tower = folder.appendingPathComponent("tower.pth")
    try FileManager.default.copyItem(at: Fixtures.file("towers/dino-full.pth"), to: tower)
    let options = ["target.kind=dino", "target.file=\(tower.path)", "target.heads=2", "model.patch_size=4", "model.image_size=16"]
    let wrong = try await Program.run(arguments("run", options[0], options[1], options[2]))
    #expect(wrong.status == 1 && wrong.errors.contains("model.patch_size is 8"), "\(wrong.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("run")))

    let command = arguments("run", "schedule.epochs=2000") + options.flatMap { ["--set", $0] }
    let stopped = try await Outcome(of: ["timeout", "--signal=TERM", "--preserve-status", "2", Program.path] + command)
    #expect(stopped.status == 143, "\(stopped.errors)")
    #expect(try String(decoding: bytes("run/config.json"), as: UTF8.self).contains("\"file_digest\": \""))
    try FileManager.default.removeItem(at: tower)
    try FileManager.default.copyItem(at: Fixtures.file("towers/dino.pth"), to: tower)
    let resumed = try await Program.run(["pretrain", "--out", path("run"), "--resume"])
    #expect(resumed.status == 1 && resumed.errors.contains("target.file_digest"), "\(resumed.errors)")
  }

  @Test func `every fault of a configuration is named at once, and nothing is made`() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let outcome = try await Program.run(arguments("run", "mask.alfa=1", "mask.ratio=2"))
    #expect(outcome.status == 2 && outcome.errors.contains("mask.alfa") && outcome.errors.contains("mask.ratio"))
    #expect(!FileManager.default.fileExists(atPath: path("run")))
    let missing = try await Program.run(["pretrain", "--data", path("nowhere"), "--out", path("run"), "--preset", "test"])
    #expect(missing.status == 1 && missing.errors.contains("nowhere"))
    #expect(!FileManager.default.fileExists(atPath: path("run")))
  }
}
