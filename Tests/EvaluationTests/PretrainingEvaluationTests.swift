import Evaluation
import Foundation
import Images
import Kernels
import Tensors
import Testing
import Training
import VisionModels

/// What a run is told of its teacher, on pictures made here.
@Suite struct PretrainingEvaluationTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-evaluation-\(UUID().uuidString)")
    for (label, shade) in [("dark", UInt8(40)), ("light", UInt8(200))] {
      let place = folder.appendingPathComponent(label)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in 0..<6 {
        var random = SplitMix64(seed: UInt64(number) + UInt64(shade))
        let pixels = (0..<60 * 50 * 3).map { _ in shade + UInt8(random.nextUnitFloat() * 50) }
        let png = PNGEncoder.encode(RGBImage(width: 60, height: 50, pixels: pixels))
        try Data(png).write(to: place.appendingPathComponent("\(number).png"))
      }
    }
  }

  private func evaluated(
    _ change: (inout PretrainingConfiguration) -> Void = { _ in }
  ) throws -> RunEvaluation {
    var configuration = try #require(PretrainingConfiguration.preset("test"))
    configuration.run.threads = 1
    configuration.evaluation.neighbours = 3
    change(&configuration)
    let network = configuration.modelConfiguration
    let table = ParameterTable(
      network, outputWidth: network.patchLength, lossPredictor: configuration.loss.predicting == .none ? .absent : .present)
    let teacher = NetworkParameters(network, table: table, contents: [])
    teacher.initialise(seed: 4)
    defer { try? FileManager.default.removeItem(at: folder) }
    let images = try ImageSet.open(folder.path)
    let evaluation = PretrainingEvaluation(
      configuration, heldBack: images.subset([0, 1, 6, 7]), training: images.subset([2, 3, 4, 5, 8, 9, 10, 11]))
    return try evaluation.evaluate(teacher)
  }

  @Test func `a run hears of its predictor, of the rankers and of its features, and gets a picture`() throws {
    let evaluation = try evaluated { $0.evaluation.contactSheetImages = 3 }
    #expect(
      evaluation.metrics.map(\.name) == [
        "reconstruction_loss", "relative_loss", "pair_accuracy", "relative_loss_full_visible", "pair_accuracy_full_visible",
        "spearman_masked_average", "spearman_full_visible", "spearman_patch_variance", "spearman_gradient_energy",
        "spearman_centre_prior", "knn_accuracy",
      ])
    // Dark and light are told apart by any encoder.
    #expect(evaluation.metrics.last?.value == 1)
    #expect(evaluation.metrics.allSatisfy { $0.value.isFinite })
    let sheet = try #require(evaluation.sheet)
    // Panels of 48 pixels, twice as large; six across, three down, gaps of four.
    #expect(sheet.width == 6 * 96 + 5 * 4 && sheet.height == 3 * 96 + 2 * 4)
    let picture = try ImageDecoder.decode(sheet.png).image
    #expect(picture.width == sheet.width && picture.height == sheet.height)
  }

  @Test func `images that are no squares are evaluated in their own shape`() throws {
    let evaluation = try evaluated {
      $0.model.imageSize = ImageSize(height: 32, width: 72)
      $0.evaluation.contactSheetImages = 1
    }
    #expect(evaluation.metrics.count == 11 && evaluation.metrics.allSatisfy { $0.value.isFinite })
    // Panels of 72 × 32 pixels, three times as large.
    let sheet = try #require(evaluation.sheet)
    #expect(sheet.width == 6 * 216 + 5 * 4 && sheet.height == 96)
  }

  @Test func `the same teacher gives the same numbers and the same picture`() throws {
    let first = try evaluated()
    let again = try PretrainingEvaluationTests().evaluated()
    #expect(first.metrics == again.metrics)
    #expect(first.sheet?.png == again.sheet?.png)
  }

  @Test func `a plain masked autoencoder hears of rankers and reconstruction alone`() throws {
    let evaluation = try evaluated {
      $0.loss.predicting = .none
      $0.evaluation.contactSheetImages = 1
    }
    #expect(
      evaluation.metrics.map(\.name) == [
        "reconstruction_loss", "spearman_patch_variance", "spearman_gradient_energy", "spearman_centre_prior", "knn_accuracy",
      ])
    #expect(evaluation.sheet?.width == 4 * 96 + 3 * 4)
  }
}
