import Checkpoints
import Foundation
import Kernels
import Masking
import Tensors
import TestSupport
import Testing
import Training
import VisionModels

/// Losses, gradients and optimizer steps beside those of PyTorch on the reference's tiny network.
@Suite(.enabled(if: Fixtures.hasShared, "the shared reference files are not beside this clone")) struct PretrainingStepTests {
  private static let images = 4
  private static let grid = PatchGrid(rows: 6, columns: 6)

  private func array(_ name: String) throws -> NumPyFile {
    try NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.shared("reference/tiny/\(name).npy"))))
  }

  private func floats(_ name: String) throws -> [Float] { try #require(try array(name).floats) }

  private func masks(_ name: String) throws -> [PatchMask] {
    let values = try #require(try array(name).unsignedBytes)
    return (0..<values.count / 36).map { PatchMask(grid: Self.grid, values: Array(values[$0 * 36..<($0 + 1) * 36])) }
  }

  private func source(_ name: String) throws -> CheckpointParameters {
    CheckpointParameters(try Checkpoint.open(Fixtures.shared("reference/tiny/\(name).safetensors").path))
  }

  private func configuration(_ change: (inout PretrainingConfiguration) -> Void = { _ in }) throws -> PretrainingConfiguration {
    var configuration = try #require(PretrainingConfiguration.preset("test"))
    configuration.loss.epsLog = true
    change(&configuration)
    return configuration
  }

  private func step<Operations: TrainingOperations>(
    _ configuration: PretrainingConfiguration, operations: Operations, student: String = "student", teacher: String = "teacher"
  ) throws -> PretrainingStep<Operations> {
    let step = PretrainingStep(configuration, operations: operations)
    try step.student.load(from: source(student))
    try step.teacher.load(from: source(teacher))
    return step
  }

  private func greatestDifference(_ found: [Float], _ expected: [Float]) -> Float {
    found.count == expected.count ? zip(found, expected).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }

  private func norm(_ values: [Float]) -> Double { values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }

  /// A parameter's numbers less those whose gradient is zero but for rounding, out of which Adam makes steps of full length: a bias of the
  /// keys adds the same to all scores of a query, which softmax does not see, and the loss predictor's last biases the same to all
  /// predictions, which the relative loss does not see.
  private func trained(_ values: [Float], _ name: String) -> [Float] {
    if ["decoder_norm_losspred.bias", "decoder_pred_losspred.bias"].contains(name) { return [] }
    guard name.hasSuffix("attn.qkv.bias") else { return values }
    let width = values.count / 3
    return Array(values[..<width] + values[(2 * width)...])
  }

  /// The greatest distance of a parameter from the file's, over the length of the latter.
  private func greatestDistance(_ network: NetworkParameters, from file: String) throws -> Double {
    let golden = try source(file)
    return try network.table.entries.map { entry in
      var expected = [Float](repeating: 0, count: entry.count)
      var span = expected.mutableSpan
      try golden.readParameter(entry.name, into: &span)
      let (found, golden) = (trained(network.values(entry.name), entry.name), trained(expected, entry.name))
      return golden.isEmpty ? 0 : norm(zip(found, golden).map { $0 - $1 }) / norm(golden)
    }.max() ?? .infinity
  }

  private func expectGradients(_ network: NetworkParameters, equal file: String) throws {
    let golden = try source(file)
    for entry in network.table.entries {
      guard golden.hasParameter(entry.name) else {
        #expect(network.gradient(entry.name).allSatisfy { $0 == 0 }, "\(entry.name) has a gradient, the reference none")
        continue
      }
      var expected = [Float](repeating: 0, count: entry.count)
      var span = expected.mutableSpan
      try golden.readParameter(entry.name, into: &span)
      let found = network.gradient(entry.name)
      let distance = norm(zip(found, expected).map { $0 - $1 })
      // A shift of all predictions does not change the relative loss: what the last biases get is rounding, and that is let be.
      #expect(distance < 1e-4 * norm(expected) + 1e-8, "\(entry.name): distance \(distance) of \(norm(expected))")
    }
  }

  private func checkGradients<Operations: TrainingOperations>(
    _ name: String, _ loss: PredictingLoss, _ targets: PixelTargets, _ operations: Operations
  ) throws {
    let configuration = try configuration {
      $0.loss.predicting = loss
      $0.target.normPix = targets == .standardisedPerPatch
    }
    let step = try step(configuration, operations: operations)
    let images = try floats("images")
    let outcome = try step.accumulate(images.span, masks: masks("mask"))
    #expect(greatestDifference(outcome.reconstructionLosses, try floats("\(name)_per_patch_loss")) < 1e-5)
    let scalars = try Scalars(name)
    #expect(abs(outcome.reconstructionLoss - scalars.reconstruction) < 1e-5)
    #expect(abs(try #require(outcome.prediction).loss - scalars.predicting) < 1e-5)
    try expectGradients(step.student, equal: "\(name)_grads")
  }

  private static let cases: [(name: String, loss: PredictingLoss, targets: PixelTargets)] = [
    ("relative", .relative, .plain), ("absolute", .absolute, .plain), ("relative_normpix", .relative, .standardisedPerPatch),
  ]

  @Test(arguments: cases)
  func `losses and gradients equal the golden ones`(name: String, loss: PredictingLoss, targets: PixelTargets) throws {
    try checkGradients(name, loss, targets, ReferenceTrainingOperations())
    try checkGradients(name, loss, targets, OneDNNTrainingOperations(precision: .float32, threads: 2))
  }

  @Test func `the feature target and its gradients equal the golden ones`() throws {
    let configuration = try configuration { $0.target.kind = .ema }
    let operations = try OneDNNTrainingOperations(precision: .float32, threads: 2)
    let step = try step(configuration, operations: operations, student: "feature_student", teacher: "feature_teacher")
    let images = try floats("images")
    let outcome = try step.accumulate(images.span, masks: masks("mask"))
    #expect(greatestDifference(outcome.reconstructionLosses, try floats("feature_per_patch_loss")) < 1e-5)
    try expectGradients(step.student, equal: "feature_grads")
  }

  @Test func `three steps of student and teacher equal the golden ones`() throws {
    let operations = try OneDNNTrainingOperations(precision: .float32, threads: 2)
    let step = try step(configuration(), operations: operations)
    let images = try floats("images")
    for (index, golden) in try Scalars.steps("three_steps").enumerated() {
      let outcome = try step.accumulate(images.span, masks: masks("step\(index)_mask"))
      #expect(abs(outcome.reconstructionLoss - golden.reconstruction) < 1e-5)
      #expect(abs(try #require(outcome.prediction).loss - golden.predicting) < 1e-5)
      let update = try step.update(step: index + 1, learningRate: 1e-3, momentum: 0.999)
      guard case .taken(let norm) = update else {
        Issue.record("step \(index) was skipped")
        return
      }
      #expect(abs(norm - golden.gradientNorm) < 1e-4)
    }
    #expect(try greatestDistance(step.student, from: "student_after3") < 1e-4)
    #expect(try greatestDistance(step.teacher, from: "teacher_after3") < 1e-6)
  }

  @Test(arguments: Precision.allCases)
  func `fifty steps follow the golden trace`(precision: Precision) throws {
    guard precision == .float32 || Processor.hasBFloat16 else {
      print("fifty steps in bf16 skipped: this processor has no AVX-512 BF16")
      return
    }
    let tolerance = precision == .float32 ? 1e-5 : 1e-2
    let step = try step(
      configuration(), operations: OneDNNTrainingOperations(precision: precision, threads: 2), teacher: "student")
    let images = try #require(try array("trace50_images").floats)
    let all = try masks("trace50_masks")
    let imageLength = 3 * 48 * 48
    for (index, golden) in try Scalars.steps(file: "trace50").enumerated() {
      let batch = Array(images[index * 8 * imageLength..<(index + 1) * 8 * imageLength])
      let outcome = try step.accumulate(batch.span, masks: Array(all[index * 8..<(index + 1) * 8]))
      #expect(abs(outcome.reconstructionLoss - golden.reconstruction) < tolerance, "step \(index)")
      #expect(abs(try #require(outcome.prediction).loss - golden.predicting) < tolerance, "step \(index)")
      _ = try step.update(step: index + 1, learningRate: golden.learningRate, momentum: 0.99)
    }
    guard precision == .float32 else { return }
    #expect(try greatestDistance(step.student, from: "trace50_student") < 1e-2)
    #expect(try greatestDistance(step.teacher, from: "trace50_teacher") < 1e-2)
  }

  @Test func `a loss that is not finite changes neither student nor teacher`() throws {
    let step = try step(configuration(), operations: OneDNNTrainingOperations(precision: .float32, threads: 2))
    var images = try floats("images")
    let before = step.student.values("blocks.0.mlp.fc1.weight")
    images[17] = .nan
    let outcome = try step.accumulate(images.span, masks: masks("mask"))
    #expect(!outcome.loss.isFinite)
    #expect(try step.update(step: 1, learningRate: 1e-3, momentum: 0.99) == .skipped)
    #expect(step.student.values("blocks.0.mlp.fc1.weight") == before)
    images[17] = 0
    #expect(try step.accumulate(images.span, masks: masks("mask")).loss.isFinite)
    #expect(try step.update(step: 1, learningRate: 1e-3, momentum: 0.99) != .skipped)
  }

  @Test func `a batch in parts gives the gradients of the whole`() throws {
    let configuration = try configuration { $0.loss.predicting = .absoluteRaw }
    let operations = try OneDNNTrainingOperations(precision: .float32, threads: 2)
    let (whole, parted) = (try step(configuration, operations: operations), try step(configuration, operations: operations))
    let (images, masks) = (try floats("images"), try masks("mask"))
    _ = try whole.accumulate(images.span, masks: masks)
    _ = try whole.update(step: 1, learningRate: 1e-3, momentum: 0.5)
    let half = images.count / 2
    _ = try parted.accumulate(images.span.extracting(0..<half), masks: Array(masks[..<2]))
    _ = try parted.accumulate(images.span.extracting(half..<images.count), masks: Array(masks[2...]))
    _ = try parted.update(step: 1, learningRate: 1e-3, momentum: 0.5, expectedParts: 2)
    for entry in whole.teacher.table.entries {
      let (first, second) = (whole.teacher.values(entry.name), parted.teacher.values(entry.name))
      #expect(greatestDifference(trained(first, entry.name), trained(second, entry.name)) < 1e-5, "\(entry.name)")
    }
  }

  @Test func `the teacher decides what is hidden once alpha guides a patch`() throws {
    let step = try step(configuration(), operations: OneDNNTrainingOperations(precision: .float32, threads: 2))
    let images = try floats("images")
    let predicted = try floats("teacher_predict_loss")
    let guided = try step.masks(images.span, alpha: 0.5, seeds: [0, 1, 2, 3])
    for (image, mask) in guided.enumerated() {
      let scores = Array(predicted[image * 36..<(image + 1) * 36])
      let hardest = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(13)  // floor(27 · 0.5)
      #expect(mask.maskedCount == 27 && hardest.allSatisfy { mask.values[$0] == 1 })
    }
    let random = try step.masks(images.span, alpha: 0.01, seeds: [7, 8, 9, 10])
    #expect(random[0] == (try MaskDrawing(strategy: .random, seed: 7).draw(grid: Self.grid)))
  }
}

/// What PyTorch's run says of one step.
private struct Scalars {
  let reconstruction: Double
  let predicting: Double
  let gradientNorm: Double
  let learningRate: Double

  /// A case of `scalars.json`.
  init(_ name: String) throws {
    let all = try #require(try Self.json("scalars") as? [String: Any])
    try self.init(#require(all[name]))
  }

  /// The steps of a case of `scalars.json`.
  static func steps(_ name: String) throws -> [Scalars] {
    let all = try #require(try json("scalars") as? [String: Any])
    return try #require(all[name] as? [Any]).map { try Scalars($0) }
  }

  /// The steps of a file of its own.
  static func steps(file: String) throws -> [Scalars] { try #require(try json(file) as? [Any]).map { try Scalars($0) } }

  private init(_ values: Any) throws {
    let values = try #require(values as? [String: Double])
    reconstruction = try #require(values["rec"])
    predicting = try #require(values["pred"])
    gradientNorm = values["grad_norm"] ?? 0
    learningRate = values["lr"] ?? 0
  }

  private static func json(_ file: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(contentsOf: Fixtures.shared("reference/tiny/\(file).json")))
  }
}
