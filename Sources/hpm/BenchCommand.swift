import ArgumentParser
import Foundation
import Kernels
import Masking
import Tensors
import Training
import VisionModels

/// `hpm bench`: how fast this machine predicts losses, beside what its matrix multiplication alone reaches.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure encoder and loss predictor against the matrix rate of the same shapes.")

  @Option(help: "The network, with weights by chance: \(ModelConfiguration.presetNames.joined(separator: ", ")).")
  var preset = "vit_base"

  @Option(help: "Images of one pass; several, separated by commas.")
  var batch = "1,8"

  @Option(help: "fp32 or bf16.")
  var precision = Precision.float32

  @Option(help: "Threads to compute with.")
  var threads = Processor.threadCount

  @Option(help: "Passes or steps timed; medians are reported.")
  var repetitions = 15

  @Flag(help: "Time whole training steps instead.")
  var training = false

  @Option(name: .customLong("set"), help: ArgumentHelp("With --training, an option of pretrain.", valueName: "group.key=value"))
  var assignments: [String] = []

  func run() async throws {
    if training {
      for line in try await trainingLines() { print(line) }
      return
    }
    guard assignments.isEmpty else { throw ValidationError("--set says how to train; it needs --training.") }
    guard let configuration = ModelConfiguration.preset(preset) else {
      throw ValidationError("There is no preset \(preset); choose one of \(ModelConfiguration.presetNames.joined(separator: ", ")).")
    }
    let batches = batch.split(separator: ",").compactMap { Int($0) }
    guard !batches.isEmpty, batches.allSatisfy({ $0 > 0 }), threads > 0, repetitions > 0 else {
      throw ValidationError("Batch, threads and repetitions are whole numbers from 1.")
    }
    let (precision, threads, repetitions) = (precision, threads, repetitions)
    for line in try await ComputeThread().run({
      try Benchmark(configuration, precision: precision, threads: threads, repetitions: repetitions).lines(batches: batches)
    }) { print(line) }
  }
}

extension BenchCommand {
  /// One training benchmark for every batch size, of a preset of `hpm pretrain`.
  private func trainingLines() async throws -> [String] {
    let preset = preset == "vit_base" ? "vit_base_200" : preset
    let batches = batch.split(separator: ",").compactMap { Int($0) }
    let (precision, threads, repetitions, assignments) = (precision, threads, repetitions, assignments)
    guard !batches.isEmpty, batches.allSatisfy({ $0 > 0 }), threads > 0, repetitions > 0 else {
      throw ValidationError("Batch, threads and repetitions are whole numbers from 1.")
    }
    let configurations = try batches.map { batch in
      let own = ["optimizer.batch_size=\(batch)", "optimizer.accumulation=1", "run.precision=\(precision.rawValue)"]
      do throws(PretrainingConfigurationError) {
        return try PretrainingConfiguration.resolved(preset: preset, assignments: assignments + own)
      } catch { throw ValidationError(error.description) }
    }
    return try await ComputeThread().run {
      try configurations.flatMap { try TrainingBenchmark($0, threads: threads, repetitions: repetitions).lines() }
    }
  }
}

extension Precision: ExpressibleByArgument {}

/// One measurement of a network; made and used on the compute thread.
private struct Benchmark {
  private let configuration: ModelConfiguration
  private let operations: OneDNNOperations
  private let repetitions: Int
  private let title: String

  init(_ configuration: ModelConfiguration, precision: Precision, threads: Int, repetitions: Int) throws {
    self.configuration = configuration
    operations = try OneDNNOperations(precision: precision, threads: threads)
    self.repetitions = repetitions
    title = "\(precision.rawValue), \(threads) threads, \(Processor.instructionSet ?? "?")"
  }

  func lines(batches: [Int]) throws -> [String] {
    let model = try HardPatchModel(
      configuration, lossPredictorRows: configuration.patchLength, reading: RandomParameters(seed: 0), operations: operations)
    let images = batches.max() ?? 1
    let cases = try batches.map { Case(batch: $0, layers: try matrixLayers(batch: $0)) }
    // Alternating, and as many images of each batch, so that a machine whose speed drifts or is interrupted slows all alike.
    for _ in 0..<repetitions + 1 {
      for measured in cases {
        let passes = (images + measured.batch - 1) / measured.batch
        let pixels = [Float](repeating: 0.5, count: measured.batch * configuration.grid.count * configuration.patchLength)
        measured.modelTimes.append(
          try Self.seconds(passes) { _ = try model.fullVisibleMaps(pixels, grid: configuration.grid) })
        measured.matrixTimes.append(try Self.seconds(passes) { try multiply(measured.layers) })
      }
    }
    let title = "\(title): \(Self.number(configuration.operationsPerImage / 1e9)) GFLOP an image"
    return [title] + cases.map(line)
  }

  private func line(_ measured: Case) -> String {
    let batch = Double(measured.batch)
    let (model, matrix) = (Self.median(measured.modelTimes.dropFirst()), Self.median(measured.matrixTimes.dropFirst()))
    let matrixRate = configuration.linearShapes.reduce(0) { $0 + $1.operations } * batch / matrix
    let modelRate = configuration.operationsPerImage * batch / model
    return "batch \(measured.batch): \(Self.number(model * 1000 / batch)) ms an image, \(Self.number(modelRate / 1e9)) GFLOP/s; "
      + "matrix products alone \(Self.number(matrixRate / 1e9)) GFLOP/s; share \(Self.number(100 * modelRate / matrixRate)) %"
  }

  /// One batch size and the seconds that its passes took, the first of them unused.
  private final class Case {
    let batch: Int
    let layers: (layers: [Layer], arena: ArenaBox)
    var modelTimes: [Double] = []
    var matrixTimes: [Double] = []

    init(batch: Int, layers: (layers: [Layer], arena: ArenaBox)) {
      self.batch = batch
      self.layers = layers
    }
  }

  private struct Layer {
    let shape: ModelConfiguration.LinearShape
    let weights: OneDNNOperations.LinearWeights
    let input: Matrix
    let output: Matrix
  }

  private func matrixLayers(batch: Int) throws -> (layers: [Layer], arena: ArenaBox) {
    let box = ArenaBox()
    let layers = try configuration.linearShapes.map { shape in
      Layer(
        shape: shape,
        weights: try operations.makeLinear(inputs: shape.inputs, outputs: shape.outputs, typicalRows: shape.rows) { weights, _ in
          for index in 0..<weights.count { weights[index] = 0.01 }
        },
        input: box.arena.matrix(rows: shape.rows * batch, columns: shape.inputs, type: operations.activationType),
        output: box.arena.matrix(rows: shape.rows * batch, columns: shape.outputs, type: operations.activationType))
    }
    return (layers, box)
  }

  /// The bare products, each as often as one pass has it.
  private func multiply(_ layers: (layers: [Layer], arena: ArenaBox)) throws {
    for layer in layers.layers {
      for _ in 0..<layer.shape.times { try operations.linear(layer.input, layer.weights, .store, into: layer.output) }
    }
  }

  private final class ArenaBox {
    var arena = ActivationArena()
  }

  /// The mean time of as many passes.
  private static func seconds(_ passes: Int, _ pass: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    for _ in 0..<passes { try pass() }
    let elapsed = ContinuousClock.now - start
    return (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18) / Double(passes)
  }

  private static func median(_ values: some Sequence<Double>) -> Double {
    let sorted = values.sorted()
    return sorted[sorted.count / 2]
  }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
