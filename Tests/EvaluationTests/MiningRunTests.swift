import Foundation
import Images
import Kernels
import Masking
import Tensors
import TestSupport
import Testing
import Training
import VisionModels

@testable import Evaluation

/// What a mining run writes, and that nothing of it depends on how often it was interrupted.
@Suite struct MiningRunTests {
  private static let results = [
    "images.csv", "skipped.csv", "true_loss.npy", "predicted_loss.npy", "masks.npy", "gallery.html", "summary.json",
  ]

  private func floats(_ folder: MiningFolder, _ name: String) throws -> [Float] {
    try #require(NumPyFile.parse(try folder.bytes(name)).floats)
  }

  @Test(arguments: [MiningSettings.Mode.fullVisible, .maskedAverage])
  func `an image has the losses and the mask that the service tells of it`(mode: MiningSettings.Mode) throws {
    let folder = try MiningFolder()
    let result = try folder.mine(
      "run",
      try folder.configuration {
        ($0.mode, $0.draws, $0.ratio, $0.alpha, $0.seed, $0.strategy) = (mode, 6, 0.5, 0.5, 40, .easy)
      })
    #expect(result.outcome == .finished && result.step == 12)
    let (truth, predicted) = (try floats(folder, "run/true_loss.npy"), try floats(folder, "run/predicted_loss.npy"))
    let masks = try NumPyFile.parse(try folder.bytes("run/masks.npy"))
    #expect(masks.shape == [11, 6, 6] && truth.count == 11 * 36)

    let checkpoint = try EvaluatedCheckpoint(MiningFolder.model, MiningFolder.reading)
    let model = try checkpoint.model(OneDNNOperations(precision: .float32, threads: 1))
    let (grid, images) = (checkpoint.configuration.grid, try folder.images)
    let views = try BalancedDraws.masks(grid: grid, ratio: 0.75, draws: 6)
    let readable = (0..<images.count).filter { !images.path(of: $0).contains("broken") }
    for (row, index) in readable.enumerated() {
      let picture = try ImageDecoder.decode(images.bytes(of: index)).image
      let pixels = Normalization.imageNet.planar(EvaluationTransform(size: 48, patchSize: 8).apply(picture).pixels)
      let own = row * 36..<(row + 1) * 36
      #expect(Array(truth[own]) == (try model.figure(of: pixels, masks: views, targets: checkpoint.targets)).trueLoss)
      let map =
        try mode == .fullVisible ? model.fullVisibleMaps(pixels, grid: grid) : model.maskedAverageMaps(pixels, masks: views)
      #expect(zip(predicted[own], map).allSatisfy { abs($0 - $1) < 1e-5 })
      let drawing = MaskDrawing(strategy: .easy, ratio: 0.5, alpha: 0.5, seed: UInt64(40 + row))
      #expect(Array(masks.unsignedBytes?[own] ?? []) == (try drawing.draw(grid: grid, scores: Array(predicted[own]))).values)
    }
  }

  @Test func `the table tells of every image, ranked by the true loss`() throws {
    let folder = try MiningFolder()
    try folder.mine("run", folder.configuration())
    let (rows, truth) = (try folder.table("run"), try floats(folder, "run/true_loss.npy"))
    #expect(rows.count == 11 && rows.map { $0[0] } == (0..<11).map(String.init))
    #expect(rows.first.map { $0[2] } == #""even/0, a ""picture"".png""# && Set(rows.map { $0[3] }) == ["even", "odd"])
    #expect(rows.first.map { ($0[4], $0[5]) } ?? ("", "") == ("50", "60"))
    let losses = rows.compactMap { Float($0[6]) }
    for row in 0..<11 { #expect(losses[row] == ImageScore.mean(truth[row * 36..<(row + 1) * 36])) }
    let byRank = rows.sorted { Int($0[1]) ?? 0 < Int($1[1]) ?? 0 }.compactMap { Float($0[6]) }
    #expect(byRank == losses.sorted(by: >))
    #expect(rows.allSatisfy { (Double($0[11]).map { abs($0) <= 1 } ?? false) && $0[7...10].allSatisfy { Float($0) != nil } })
    #expect(try folder.text("run/skipped.csv").hasPrefix("path,reason\r\neven/8 broken.jpg,"))
    #expect(try folder.text("run/log.txt").contains("left out: even/8 broken.jpg"))
    let summary = try JSONValue(parsing: folder.bytes("run/summary.json"))
    #expect(summary["images"] == .integer(11) && summary["skipped"] == .integer(1))
    #expect(summary["ranked_by"] == .text("reconstruction_loss") && summary["comparable_across_images"] == .truth(false))
  }

  @Test(arguments: [1, 5, 9, 11])
  func `a run that was stopped and goes on writes what one writes that was not`(stop: Int) throws {
    let folder = try MiningFolder()
    let configuration = try folder.configuration()
    try folder.mine("whole", configuration)
    #expect(try folder.mine("parts", configuration, stoppingAfter: stop).outcome == .interrupted(.terminate))
    #expect(try folder.text("parts/result.json").contains("\"step\": \(stop)"))
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/parts/images.csv"))
    try folder.mine("parts", configuration, stoppingAfter: 1)
    #expect(try folder.mine("parts", configuration).outcome == .finished)
    for name in Self.results { #expect(try folder.bytes("parts/\(name)") == folder.bytes("whole/\(name)"), "\(name)") }
    let steps = try folder.text("parts/metrics.jsonl").split(separator: "\n").compactMap { try JSONValue(parsing: $0.utf8)["step"] }
    #expect(steps == (1...12).map { .integer($0) })
  }

  @Test func `a run that was killed anywhere at its end ends once more with the same results`() throws {
    let folder = try MiningFolder()
    let configuration = try folder.configuration()
    try folder.mine("run", configuration)
    let before = try Self.results.map { try folder.bytes("run/\($0)") }
    // As after the first of the arrays had got its place, and with lines and rows of which no state knows.
    try FileManager.default.moveItem(atPath: "\(folder.path)/run/masks.npy", toPath: "\(folder.path)/run/state/masks.npy.partial")
    for name in ["run/state/masks.npy.partial", "run/state/origins", "run/metrics.jsonl"] {
      try folder.write(try folder.bytes(name) + Array("{\"step\":99}\n".utf8), name)
    }
    try FileManager.default.removeItem(atPath: "\(folder.path)/run/result.json")
    #expect(try folder.mine("run", configuration).outcome == .finished)
    #expect(try Self.results.map { try folder.bytes("run/\($0)") } == before)
  }

  @Test func `more unreadable images than allowed end the run, and the error names the last`() throws {
    let folder = try MiningFolder()
    let error = #expect(throws: LoadingError.self) { try folder.mine("run", folder.configuration { $0.maximumUnreadableShare = 0.05 }) }
    guard case .tooManyUnreadable(1, 12, 0, let last)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(last.hasPrefix("even/8 broken.jpg: "))
    #expect(try folder.text("run/result.json").contains("\"failed\""))
  }

  @Test func `a run does not go on with other images or another model`() throws {
    let folder = try MiningFolder()
    var origin = try folder.configuration().origin
    try FileManager.default.removeItem(atPath: "\(folder.path)/images/even/8 broken.jpg")
    let error = #expect(throws: EvaluationError.self) { try origin.note(folder.images, on: .resumption) }
    #expect(error == .changedSince(what: "the list of images of \(folder.path)/images"))
    origin = try folder.configuration().origin
    origin.modelDigest = String(repeating: "0", count: 64)
    #expect(throws: EvaluationError.changedSince(what: "the checkpoint \(MiningFolder.model)")) {
      try origin.note(folder.images, on: .resumption)
    }
  }

  @Test func `a configuration reads back, and a spoilt one says what is wrong with it`() throws {
    let folder = try MiningFolder(pictures: 1)
    let configuration = try folder.configuration { $0.mode = .maskedAverage }
    let run = try RunFolder.create("\(folder.path)/run", configuration: configuration.json)
    #expect(try MiningConfiguration(readFrom: run) == configuration)
    let spoilt = try RunFolder.create("\(folder.path)/spoilt", configuration: .object([]))
    #expect(throws: RunError.self) { try MiningConfiguration(readFrom: spoilt) }
  }
}
