import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// `hpm mine` as a process: what it writes, how it ends, and that nothing is lost when it is killed.
@Suite(.timeLimit(.minutes(5))) struct MineTests {
  private let service: JobService
  private static let model = Fixtures.root.appendingPathComponent("Models/tiny128.safetensors").path
  private static let results = [
    "images.csv", "skipped.csv", "true_loss.npy", "predicted_loss.npy", "masks.npy", "gallery.html", "summary.json",
  ]

  init() throws { service = try JobService() }

  private func arguments(_ run: String, data: String = "images", _ others: String...) -> [String] {
    ["mine", "--model", Self.model, "--data", service.path(data), "--out", service.path(run)] + others
  }

  /// A list that names the images so many times, and that of each other line's file there is none.
  private func list(times: Int) throws -> String {
    let lines = (0..<times).flatMap { round in (0..<24).map { $0 == 5 && round % 8 == 0 ? "images/gone.png" : "images/\($0).png" } }
    try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: service.path("list.txt")))
    return "list.txt"
  }

  @Test func `a folder is ranked, and tables, arrays and a page tell the same`() async throws {
    let outcome = try await Program.run(arguments("run", "--ratio", "0.5", "--seed", "3", "--gallery-images", "4"))
    #expect(outcome.status == 0 && outcome.text.hasPrefix("24 images ranked, 0 left out\n"), "\(outcome.errors)")
    #expect(outcome.text.contains("which compares across images") && outcome.text.contains("gallery.html"))
    let truth = try NumPyFile.parse([UInt8](service.bytes("run/true_loss.npy")))
    #expect(truth.shape == [24, 8, 8] && truth.type == .float32)
    #expect(try NumPyFile.parse([UInt8](service.bytes("run/predicted_loss.npy"))).shape == [24, 8, 8])
    let masks = try NumPyFile.parse([UInt8](service.bytes("run/masks.npy")))
    #expect(masks.shape == [24, 8, 8] && masks.type == .uint8)
    for row in 0..<24 { #expect(masks.unsignedBytes?[row * 64..<(row + 1) * 64].count { $0 == 1 } == 32) }
    let table = try String(decoding: service.bytes("run/images.csv"), as: UTF8.self).split(separator: "\r\n")
    #expect(table.count == 25 && table[0].hasPrefix("row,rank,path,label,width,height,reconstruction_loss,predicted_min,"))
    let hardest = try #require(table.dropFirst().first { $0.split(separator: ",")[1] == "1" }).split(separator: ",")
    let page = try String(decoding: service.bytes("run/gallery.html"), as: UTF8.self)
    #expect(page.contains("<strong>1</strong> <span class=\"path\">\(hardest[2])</span>") && page.matches(of: /<figure/).count == 8)

    // The service says the same of the first image, whose row is 0 and whose mask is drawn with the seed as it is.
    let map = try await Program.run(
      ["predict", service.path("images/0.png"), "--model", Self.model, "--draws", "10", "--ratio", "0.5", "--seed", "3"])
    let told = try map.json(ServiceJSON.Losses.self)
    let predicted = try #require(NumPyFile.parse([UInt8](service.bytes("run/predicted_loss.npy"))).floats)
    #expect(zip(told.predictedLoss.flatMap(\.self), predicted).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(told.mask?.values.flatMap(\.self) == masks.unsignedBytes.map { Array($0.prefix(64)) })
  }

  @Test func `a run that is killed again and again ends as one that is not`() async throws {
    let data = try list(times: 20)
    let settings = ["--draws", "16", "--threads", "1", "--max-unreadable-share", "0.1"]
    let whole = try await Program.run(arguments("whole", data: data) + settings)
    #expect(whole.status == 0 && whole.text.hasPrefix("477 images ranked, 3 left out"), "\(whole.errors)")

    // Each start lives longer than the one before, so the last one comes to the end whatever the machine.
    var command = arguments("killed", data: data) + settings
    var (milliseconds, killed) = (1300.0, 0)
    while true {
      let outcome = try await Outcome(of: ["timeout", "--signal=KILL", "\(milliseconds / 1000)", Program.path] + command)
      if outcome.status == 0 { break }
      killed += 1
      milliseconds *= 1.1
      if FileManager.default.fileExists(atPath: service.path("killed/config.json")) {
        command = ["mine", "--out", service.path("killed"), "--resume"]
      }
      try #require(killed < 40, "\(outcome.errors)")
    }
    let log = try String(decoding: service.bytes("killed/log.txt"), as: UTF8.self)
    #expect(killed > 0 && log.contains("Mining goes on after"), "\(killed) kills: \(log)")
    for name in Self.results { #expect(try service.bytes("killed/\(name)") == service.bytes("whole/\(name)"), "\(name)") }
  }

  @Test func `SIGTERM saves and exits 143, and --resume finishes`() async throws {
    let data = try list(times: 20)
    let command = arguments("run", data: data) + ["--draws", "32", "--threads", "1", "--max-unreadable-share", "0.1"]
    let stopped = try await Outcome(of: ["timeout", "--signal=TERM", "--preserve-status", "2", Program.path] + command)
    #expect(stopped.status == 143, "\(stopped.errors)")
    #expect(try String(decoding: service.bytes("run/result.json"), as: UTF8.self).contains("\"interrupted\""))
    #expect(!FileManager.default.fileExists(atPath: service.path("run/images.csv")))
    let mixed = try await Program.run(["mine", "--out", service.path("run"), "--resume", "--ratio", "0.5"])
    #expect(mixed.status == 2 && mixed.errors.contains("--resume goes on as the run was begun"), "\(mixed.errors)")
    let resumed = try await Program.run(["mine", "--out", service.path("run"), "--resume"])
    #expect(resumed.status == 0 && resumed.text.hasPrefix("477 images ranked"), "\(resumed.errors)")
  }

  @Test func `every wrong option is named at once, and nothing is made`() async throws {
    let wrong = try await Program.run(arguments("run", "--ratio", "2", "--strategy", "random", "--draws", "1"))
    #expect(wrong.status == 2 && ["ratio: ", "strategy: ", "draws: "].allSatisfy(wrong.errors.contains), "\(wrong.errors)")
    let missing = try await Program.run(arguments("run", data: "nowhere"))
    #expect(missing.status == 1 && missing.errors.contains("nowhere"), "\(missing.errors)")
    #expect(!FileManager.default.fileExists(atPath: service.path("run")))
  }

  @Test func `a masked autoencoder without a loss predictor is refused in a sentence`() async throws {
    let settings = ["loss.predicting=none", "mask.strategy=random", "optimizer.batch_size=8", "evaluation.held_back_images=8"]
    let trained = try await Program.run(
      ["pretrain", "--data", service.path("images"), "--out", service.path("plain"), "--preset", "test"]
        + (settings + ["schedule.epochs=1", "schedule.warmup_epochs=0"]).flatMap { ["--set", $0] })
    #expect(trained.status == 0, "\(trained.errors)")
    let refused = try await Program.run(
      ["mine", "--model", service.path("plain/checkpoints/epoch-0001.pth"), "--data", service.path("images"), "--out", service.path("run")])
    #expect(refused.status == 2 && refused.errors.contains("it has no loss predictor"), "\(refused.errors)")
    #expect(!FileManager.default.fileExists(atPath: service.path("run")))
  }

  @Test func `a file that is no image is left out by name, and too many end the run`() async throws {
    try Data("no image".utf8).write(to: URL(fileURLWithPath: service.path("images/7.png")))
    let strict = try await Program.run(arguments("strict"))
    #expect(strict.status == 1 && strict.errors.contains("1 of 24 images could not be read, but at most 0 may fail"), "\(strict.errors)")
    let outcome = try await Program.run(arguments("run", "--max-unreadable-share", "0.05"))
    #expect(outcome.status == 0 && outcome.text.hasPrefix("23 images ranked, 1 left out"), "\(outcome.errors)")
    #expect(outcome.errors.contains("An image is left out: 7.png: "))
    #expect(try String(decoding: service.bytes("run/skipped.csv"), as: UTF8.self).contains("\r\n7.png,"))
  }
}
