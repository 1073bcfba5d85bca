import Foundation
import Kernels
import Masking
import Training
import VisionModels

/// How fast whole training steps are: teacher, mask, student, both losses, AdamW, EMA. Made and used on the compute thread.
struct TrainingBenchmark {
  private let configuration: PretrainingConfiguration
  private let threads: Int
  private let repetitions: Int

  /// - Parameter configuration: its batch is computed in one part.
  init(_ configuration: PretrainingConfiguration, threads: Int, repetitions: Int) {
    self.configuration = configuration
    self.threads = threads
    self.repetitions = repetitions
  }

  func lines() throws -> [String] {
    let (batch, grid) = (configuration.optimizer.batchSize, configuration.grid)
    let precision = configuration.run.precision
    let step = PretrainingStep(configuration, operations: try OneDNNTrainingOperations(precision: precision, threads: threads))
    step.student.initialise(seed: 0)
    step.teacher.copyValues(of: step.student)
    let size = configuration.model.imageSize
    let pixels = (0..<batch * 3 * size.height * size.width).map { Float(sin(Double($0))) }
    let seeds = (0..<batch).map { UInt64($0) }
    var times: [Double] = []
    for repetition in 1...repetitions + 1 {
      let start = ContinuousClock.now
      _ = try step.accumulate(pixels.span, masks: step.masks(pixels.span, alpha: 0.5, seeds: seeds))
      _ = try step.update(step: repetition, learningRate: 1e-4, momentum: 0.999)
      times.append((ContinuousClock.now - start) / .seconds(1))
    }
    let seconds = times.dropFirst().sorted()[repetitions / 2]
    let network = configuration.modelConfiguration
    let operations = network.trainingOperationsPerImage(masked: MaskCount.masked(of: grid.count, ratio: configuration.mask.ratio))
    return [
      "training, \(precision.rawValue), \(threads) threads, \(Processor.instructionSet ?? "?"): "
        + "\(Self.number(operations / 1e9)) GFLOP an image, \(step.student.table.parameterCount) parameters",
      "batch \(batch): \(Self.number(seconds * 1000)) ms a step, \(Self.number(Double(batch) / seconds)) images a second, "
        + "\(Self.number(operations * Double(batch) / seconds / 1e9)) GFLOP/s; "
        + "activations \(Self.number(Double(step.activationBytes) / 1e6)) MB",
    ]
  }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
