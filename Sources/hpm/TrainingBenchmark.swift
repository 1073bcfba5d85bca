import Foundation
import Kernels
import Masking
import Training
import VisionModels

/// How fast whole training steps are (teacher, mask, student, both losses, AdamW, EMA), where their time goes, and what memory they take.
/// Made and used on the compute thread.
struct TrainingBenchmark {
  private typealias Operations = MeasuredTrainingOperations<OneDNNTrainingOperations>

  private let configuration: PretrainingConfiguration
  private let threads: Int
  private let repetitions: Int

  /// - Parameter configuration: its batch is computed in one part.
  init(_ configuration: PretrainingConfiguration, threads: Int, repetitions: Int) {
    self.configuration = configuration
    self.threads = threads
    self.repetitions = repetitions
  }

  /// One step: how long it took, and its teacher and its masks alone.
  private struct StepTime {
    let seconds: Double
    let maskingSeconds: Double
    let measure: OperationMeasure
  }

  func lines() throws -> [String] {
    let precision = configuration.run.precision
    let targets = try TargetFile(configuration)?.features(OneDNNOperations(precision: precision, threads: threads))
    let operations = Operations(try OneDNNTrainingOperations(precision: precision, threads: threads))
    let step = PretrainingStep(configuration, operations: operations, targets: targets)
    step.student.initialise(seed: 0)
    step.teacher.copyValues(of: step.student)
    let size = configuration.model.imageSize
    let pixels = (0..<configuration.optimizer.batchSize * 3 * size.height * size.width).map { Float(sin(Double($0))) }
    _ = try time(step, pixels, number: 1, operations)
    var times: [StepTime] = []
    var products: PackedProducts?
    var productTimes: [[ProductShape: Double]] = []
    var memory: Int?
    for repetition in 1...repetitions {
      let taken = try time(step, pixels, number: 1 + repetition, operations)
      times.append(taken)
      if memory == nil { memory = ProcessMemory.peakResidentBytes }
      if products == nil {
        products = try PackedProducts(Set(taken.measure.products.values.flatMap(\.keys)), precision: precision, threads: threads)
        _ = try products?.seconds()
      }
      // Alternating, so that a machine whose speed drifts slows both.
      if let seconds = try products?.seconds() { productTimes.append(seconds) }
    }
    let median = times.sorted { $0.seconds < $1.seconds }[repetitions / 2]
    let packed = (productTimes.first ?? [:]).keys.map { shape in (shape, Self.median(productTimes.compactMap { $0[shape] })) }
    let report = TrainingReport(
      seconds: median.seconds, maskingSeconds: median.maskingSeconds, measure: median.measure,
      packedSeconds: Dictionary(uniqueKeysWithValues: packed))
    return [heading(step.student.table.parameterCount), report.table, report.shareLine, report.maskingLine]
      + [memoryLine(activations: step.activationBytes, peak: memory), rateLine(median.seconds)]
  }

  private func time(_ step: PretrainingStep<Operations>, _ pixels: [Float], number: Int, _ operations: Operations) throws -> StepTime {
    operations.reset()
    let seeds = (0..<configuration.optimizer.batchSize).map { UInt64($0) }
    let start = ContinuousClock.now
    let masks = try step.masks(pixels.span, alpha: 0.5, seeds: seeds)
    let masked = ContinuousClock.now
    _ = try step.accumulate(pixels.span, masks: masks, seeds: seeds)
    _ = try step.update(step: number, learningRate: 1e-4, momentum: 0.999)
    return StepTime(
      seconds: (ContinuousClock.now - start) / .seconds(1), maskingSeconds: (masked - start) / .seconds(1), measure: operations.measure)
  }

  private var operationsPerImage: Double {
    configuration.modelConfiguration.trainingOperationsPerImage(
      masked: MaskCount.masked(of: configuration.grid.count, ratio: configuration.mask.ratio))
  }

  private func heading(_ parameters: Int) -> String {
    "training, \(configuration.run.precision.rawValue), \(threads) threads, \(Processor.instructionSet ?? "?"): "
      + "\(Self.number(operationsPerImage / 1e9)) GFLOP an image, \(parameters) parameters"
  }

  private func memoryLine(activations: Int, peak: Int?) -> String {
    "memory: activations \(Self.number(Double(activations) / 1e6)) MB"
      + (peak.map { ", peak resident \(Self.number(Double($0) / 1e6)) MB" } ?? "")
  }

  private func rateLine(_ seconds: Double) -> String {
    let batch = configuration.optimizer.batchSize
    return "batch \(batch): \(Self.number(seconds * 1000)) ms a step, \(Self.number(Double(batch) / seconds)) images a second, "
      + "\(Self.number(operationsPerImage * Double(batch) / seconds / 1e9)) GFLOP/s"
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
