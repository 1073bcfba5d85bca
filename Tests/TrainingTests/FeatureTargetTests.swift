import Foundation
import Kernels
import Masking
import Tensors
import TestSupport
import Testing
import VisionModels

@testable import Training

/// Targets from frozen networks (`Tests/Fixtures/towers`), and secondary masking: losses, gradients, what is refused.
@Suite struct FeatureTargetTests {
  private static let grid = PatchGrid(rows: 4, columns: 4)
  private static let seeds: [UInt64] = [11, 12]

  private static func fixture(_ name: String) -> String { Fixtures.file("towers/\(name)").path }

  private func floats(_ name: String) throws -> [Float] {
    try #require(NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.file("towers/\(name).npy")))).floats)
  }

  /// A network of some thousand numbers for the towers' images.
  private func configuration(_ assignments: String...) throws -> PretrainingConfiguration {
    let small = [
      "model.image_size=16", "model.patch_size=4", "model.encoder_width=16", "model.encoder_depth=1", "model.encoder_heads=2",
      "model.decoder_width=8", "model.decoder_depth=1", "model.decoder_heads=2", "mask.strategy=random",
    ]
    return try .resolved(preset: "test", assignments: small + assignments)
  }

  private func clip(_ assignments: String...) throws -> PretrainingConfiguration {
    var configuration = try configuration(
      "target.kind=clip", "target.file=\(Self.fixture("clip.pt"))", "target.heads=2", "loss.predicting=absolute_raw")
    if assignments.contains("none") { configuration.loss.predicting = .none }
    return configuration
  }

  private func step<Operations: TrainingOperations>(
    _ configuration: PretrainingConfiguration, _ operations: Operations
  ) throws -> PretrainingStep<Operations> {
    let targets = try TargetFile(configuration)?.features(OneDNNOperations(precision: .float32, threads: 2))
    let step = PretrainingStep(configuration, operations: operations, targets: targets)
    step.student.initialise(seed: 5)
    step.teacher.copyValues(of: step.student)
    return step
  }

  private func masks() throws -> [PatchMask] {
    try Self.seeds.map { try MaskDrawing(strategy: .random, ratio: 0.5, seed: $0).draw(grid: Self.grid) }
  }

  private func norm(_ values: [Float]) -> Double { values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }

  // MARK: Targets

  @Test(arguments: [("clip", "clip.pt"), ("dino", "dino-full.pth"), ("dino", "timm.pth")])
  func `a hidden patch's loss is two less twice the cosine to the frozen network's token`(kind: String, file: String) throws {
    let configuration = try configuration("target.kind=\(kind)", "target.file=\(Self.fixture(file))", "target.heads=2")
    let step = try step(configuration, OneDNNTrainingOperations(precision: .float32, threads: 2))
    // A head without weights says the same of every patch: its bias.
    let (weight, bias) = (step.student.table["decoder_pred.weight"], step.student.table["decoder_pred.bias"])
    step.student.arena.withMutableSpan(of: .values, weight.range) { for index in 0..<$0.count { $0[index] = 0 } }
    step.student.arena.withMutableSpan(of: .values, bias.range) { for index in 0..<$0.count { $0[index] = Float(index % 5) - 1.5 } }
    let said = step.student.values("decoder_pred.bias")
    let golden = try floats(file == "timm.pth" ? "timm" : kind)
    #expect(golden.count == 2 * 17 * said.count)
    let masks = try masks()
    let images = try floats("images")
    let outcome = try step.accumulate(images.span, masks: masks)
    var expected: [Double] = []
    for (image, mask) in masks.enumerated() {
      for patch in mask.maskedIndices {
        let token = Array(golden[(image * 17 + 1 + patch) * said.count..<(image * 17 + 2 + patch) * said.count])
        let product = zip(said, token).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        expected.append(2 - 2 * product / (norm(said) * norm(token)))
      }
    }
    #expect(outcome.reconstructionLosses.count == expected.count)
    #expect(zip(outcome.reconstructionLosses, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
  }

  @Test func `gradients with features as targets equal finite differences, and the twin's`() throws {
    let configuration = try clip("none")
    let plain = try step(configuration, ReferenceTrainingOperations())
    try expectFiniteDifferences(plain)
    let fast = try step(configuration, OneDNNTrainingOperations(precision: .float32, threads: 2))
    try expectEqualGradients(fast, try step(configuration, ReferenceTrainingOperations()))
  }

  // MARK: Secondary masking

  private func secondary() throws -> PretrainingConfiguration {
    try configuration("mask.secondary_ratio=0.4", "loss.predicting=none")
  }

  @Test func `gradients under secondary masking equal finite differences, and the twin's`() throws {
    let plain = try step(secondary(), ReferenceTrainingOperations())
    #expect(plain.student.table["vis_mask_token"].shape == [1, 1, 16])
    try expectFiniteDifferences(plain)
    let fast = try step(secondary(), OneDNNTrainingOperations(precision: .float32, threads: 2))
    try expectEqualGradients(fast, try step(secondary(), ReferenceTrainingOperations()))
  }

  @Test func `what a replaced patch shows does not matter, that of any other visible patch does`() throws {
    let configuration = try secondary()
    let masks = try masks()
    let images = try floats("images")
    func losses(changing patch: Int?) throws -> [Float] {
      let step = try step(configuration, OneDNNTrainingOperations(precision: .float32, threads: 2))
      var changed = images
      if let patch { for row in 0..<4 { changed[(patch / 4 * 4 + row) * 16 + patch % 4 * 4] += 3 } }
      return try step.accumulate(changed.span, masks: masks, seeds: Self.seeds).reconstructionLosses
    }
    let before = try losses(changing: nil)
    let visible = masks[0].visibleIndices
    let replaced = SecondaryMask.replaced(of: visible, grid: Self.grid, ratio: 0.4, seed: Self.seeds[0])
    #expect(replaced.count == 4 && Set(replaced).isSubset(of: visible))  // 8 − floor(8 · 0.6)
    for patch in visible {
      #expect((try losses(changing: patch) == before) == replaced.contains(patch), "patch \(patch)")
    }
  }

  // MARK: Gradients

  /// Along each parameter's own gradient the loss rises as steeply as the gradient is long.
  private func expectFiniteDifferences<Operations: TrainingOperations>(_ step: PretrainingStep<Operations>) throws {
    let images = try floats("images")
    func loss() throws -> Double {
      step.student.arena.resetGradients()
      return try step.accumulate(images.span, masks: masks(), seeds: Self.seeds).loss
    }
    _ = try loss()
    let gradients = step.student.table.entries.map { ($0, step.student.gradient($0.name)) }
    for (entry, gradient) in gradients {
      let length = norm(gradient)
      guard length > 1e-3 else { continue }
      let values = step.student.values(entry.name)
      let distance = 5e-3
      let both = try [distance, -distance].map { distance in
        step.student.arena.withMutableSpan(of: .values, entry.range) { span in
          for index in 0..<span.count { span[index] = values[index] + Float(distance / length) * gradient[index] }
        }
        return try loss()
      }
      step.student.arena.withMutableSpan(of: .values, entry.range) { span in
        for index in 0..<span.count { span[index] = values[index] }
      }
      let slope = (both[0] - both[1]) / (2 * distance)
      #expect(abs(slope - length) < 0.01 * length + 2e-4, "\(entry.name): slope \(slope), gradient \(length)")
    }
    for name in ["patch_embed.proj.weight", "cls_token", "decoder_pred.weight"] { #expect(norm(step.student.gradient(name)) > 1e-3) }
    if step.student.table.contains("vis_mask_token") { #expect(norm(step.student.gradient("vis_mask_token")) > 1e-3) }
  }

  private func expectEqualGradients<First: TrainingOperations, Second: TrainingOperations>(
    _ first: PretrainingStep<First>, _ second: PretrainingStep<Second>
  ) throws {
    let images = try floats("images")
    let masks = try masks()
    let found = try first.accumulate(images.span, masks: masks, seeds: Self.seeds)
    let expected = try second.accumulate(images.span, masks: masks, seeds: Self.seeds)
    #expect(abs(found.loss - expected.loss) < 1e-5)
    for entry in first.student.table.entries {
      let (one, other) = (first.student.gradient(entry.name), second.student.gradient(entry.name))
      #expect(norm(zip(one, other).map { $0 - $1 }) < 1e-4 * norm(other) + 1e-7, "\(entry.name)")
    }
  }

  // MARK: What is refused

  private func reason(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }

  @Test func `a file of another family, patch or with unknown heads is refused with what to do`() throws {
    let dino = Self.fixture("dino.pth")
    let other = try configuration("target.kind=clip", "target.file=\(dino)", "target.heads=2")
    #expect(reason { _ = try TargetFile(other) }.contains("is not CLIP's"))
    let clip = try configuration("target.kind=dino", "target.file=\(Self.fixture("clip.pt"))", "target.heads=2")
    #expect(reason { _ = try TargetFile(clip) }.contains("has CLIP's image tower"))
    let patch = try configuration("target.kind=dino", "target.file=\(dino)", "target.heads=2", "model.patch_size=8")
    #expect(reason { _ = try TargetFile(patch) }.contains("model.patch_size is 8"))
    let heads = try configuration("target.kind=dino", "target.file=\(dino)")
    #expect(reason { _ = try TargetFile(heads) }.contains("target.heads"))
    let missing = try configuration("target.kind=dino", "target.file=/nowhere.pth")
    #expect(reason { _ = try missing.notingTargetFile() }.contains("/nowhere.pth"))
    #expect(try TargetFile(configuration()) == nil)
  }

  @Test func `the digest is noted once, and another file refused from then on`() throws {
    let folder = try TemporaryFolder()
    try folder.write([UInt8](Data(contentsOf: Fixtures.file("towers/dino.pth"))), to: "tower.pth")
    let noted = try configuration("target.kind=dino", "target.file=\(folder.file("tower.pth"))", "target.heads=2").notingTargetFile()
    #expect(noted.target.fileDigest?.count == 64)
    #expect(try noted.notingTargetFile() == noted)
    #expect(try PretrainingConfiguration.resolved(file: Array(noted.json.pretty.utf8)) == noted)
    try folder.write([UInt8](Data(contentsOf: Fixtures.file("towers/timm.pth"))), to: "tower.pth")
    #expect(reason { _ = try noted.notingTargetFile() }.contains("target.file_digest"))
    let pixels = try configuration()
    #expect(try pixels.notingTargetFile() == pixels)
  }

  @Test func `options that contradict each other are named`() throws {
    func faults(_ assignments: String...) -> [String] {
      do throws(PretrainingConfigurationError) {
        _ = try PretrainingConfiguration.resolved(preset: "test", assignments: assignments)
        return []
      } catch { return error.faults }
    }
    #expect(faults("target.kind=dino").count == 1)
    #expect(faults("target.file=a.pth", "target.heads=3").count == 2)
    #expect(faults("target.kind=clip", "target.file=a.pth", "target.norm_pix=true").count == 1)
    #expect(faults("target.file_digest=\(String(repeating: "A", count: 64))").first?.contains("64 hexadecimal digits") == true)
    #expect(faults("mask.secondary_ratio=1").first?.contains("mask.secondary_ratio") == true)
    #expect(faults("mask.secondary_ratio=0.25").isEmpty)
  }
}
