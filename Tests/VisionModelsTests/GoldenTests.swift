import Checkpoints
import Foundation
import Kernels
import Masking
import Tensors
import TestSupport
import Testing
import VisionModels

/// Predicted losses beside those of the authors' model in PyTorch.
@Suite struct GoldenTests {
  private func array(_ name: String) throws -> NumPyFile {
    try NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.file("tiny/\(name).npy"))))
  }

  private func model(_ file: String, weights: Checkpoint.WeightChoice = .automatic) throws -> HardPatchModel<OneDNNOperations> {
    try model(file, weights: weights, operations: OneDNNOperations(precision: .float32, threads: 2))
  }

  private func model<Operations: OperationSet>(
    _ file: String, weights: Checkpoint.WeightChoice = .automatic, operations: Operations
  ) throws -> HardPatchModel<Operations> {
    let checkpoint = try Checkpoint.open(Fixtures.file("tiny/\(file)").path, weights: weights)
    let architecture = try CheckpointArchitecture(of: checkpoint, heads: 3, decoderHeads: 2)
    let configuration = try #require(ModelConfiguration(architecture, layerNormEpsilon: checkpoint.layerNormEpsilon))
    return try HardPatchModel(
      configuration, lossPredictorRows: architecture.lossPredictorRows, reading: CheckpointParameters(checkpoint), operations: operations)
  }

  private func greatestDifference(_ found: [Float], _ expected: [Float]) -> Float {
    zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test(arguments: [
    ("student.safetensors", Checkpoint.WeightChoice.automatic, "student", Float(1e-6)),
    ("teacher.safetensors", .automatic, "teacher", 1e-6),
    ("hpm.pth", .automatic, "teacher", 1e-6), ("hpm.pth", .student, "student", 1e-6), ("hpm-legacy.pth", .automatic, "teacher", 1e-6),
    ("bare.pth", .automatic, "student", 1e-6), ("half.pth", .automatic, "student", 1e-4),
    ("student-f16.safetensors", .automatic, "student", 1e-4),
    ("student-bf16.safetensors", .automatic, "student", 1e-3),
  ])
  func `all-visible predictions equal the golden ones`(file: String, weights: Checkpoint.WeightChoice, golden: String, tolerance: Float)
    throws
  {
    let images = try #require(try array("images").floats)
    let expected = try #require(try array("\(golden)_predict_loss").floats)
    let found = try model(file, weights: weights).fullVisibleMaps(images, grid: PatchGrid(rows: 6, columns: 6))
    #expect(found.count == expected.count)
    #expect(greatestDifference(found, expected) < tolerance)
  }

  @Test func `under a mask both decoders equal the golden ones`() throws {
    let images = try #require(try array("images").floats)
    let masks = try #require(try array("mask").unsignedBytes)
    let patchMasks = (0..<4).map { PatchMask(grid: PatchGrid(rows: 6, columns: 6), values: Array(masks[$0 * 36..<($0 + 1) * 36])) }
    let model = try model("student.safetensors")
    let checkpoint = try Checkpoint.open(Fixtures.file("tiny/student.safetensors").path)
    try model.loadReconstructor(reading: CheckpointParameters(checkpoint))
    let latent = try model.encode(images.span, VisiblePatches(of: patchMasks))
    #expect(greatestDifference(latent, try #require(try array("masked_latent").floats)) < 1e-5)
    let decoded = try model.reconstruct(images.span, VisiblePatches(of: patchMasks))
    // The golden rows are ordered [visible…, masked…]; ours are in raster order.
    let goldenLosses = try #require(try array("masked_loss_pred").floats)
    let goldenPatches = try #require(try array("masked_pred").floats)
    let losses = try #require(decoded.predictedLoss)
    for (image, mask) in patchMasks.enumerated() {
      for (row, patch) in (mask.visibleIndices + mask.maskedIndices).enumerated() {
        #expect(abs(losses[image * 36 + patch] - goldenLosses[image * 36 + row]) < 1e-6)
        let found = Array(decoded.patches[(image * 36 + patch) * 192..<(image * 36 + patch + 1) * 192])
        #expect(greatestDifference(found, Array(goldenPatches[(image * 36 + row) * 192..<(image * 36 + row + 1) * 192])) < 1e-5)
      }
    }
  }

  @Test func `computing in bfloat16 keeps the order of the patches`() throws {
    let images = try #require(try array("images").floats)
    let expected = try #require(try array("student_predict_loss").floats)
    let found = try model("student.safetensors", operations: ReferenceOperations(precision: .bfloat16))
      .fullVisibleMaps(images, grid: PatchGrid(rows: 6, columns: 6))
    for image in 0..<4 {
      let range = image * 36..<(image + 1) * 36
      #expect(rankCorrelation(Array(found[range]), Array(expected[range])) >= 0.99)
    }
  }

  /// Spearman's coefficient of numbers without ties.
  private func rankCorrelation(_ a: [Float], _ b: [Float]) -> Double {
    func ranks(_ values: [Float]) -> [Double] {
      var ranks = [Double](repeating: 0, count: values.count)
      for (rank, index) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() { ranks[index] = Double(rank) }
      return ranks
    }
    let count = Double(a.count)
    let squares = zip(ranks(a), ranks(b)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return 1 - 6 * squares / (count * (count * count - 1))
  }
}
