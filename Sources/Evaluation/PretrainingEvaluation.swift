import Images
import Kernels
import Masking
package import Training
package import VisionModels

/// Whether a network in training learns: its loss predictor on held-back images, its features' nearest neighbours, and a picture.
///
/// What a pre-training run calls with its teacher. Everything is computed on the calling thread, in the run's precision.
package struct PretrainingEvaluation: Sendable {
  private let configuration: PretrainingConfiguration
  private let heldBack: ImageStream
  /// Training images whose features the held-back ones are compared with.
  private let references: ImageStream
  private let hasClasses: Bool

  /// Training images of which features are taken at most, evenly spread over the set.
  private static let mostReferences = 5000

  /// - Parameter heldBack: images that are not trained on.
  /// - Parameter training: those that are; their classes, if any, are those of the held-back ones.
  /// - Parameter report: told, as a sentence, of each image that cannot be read.
  package init(
    _ configuration: PretrainingConfiguration, heldBack: ImageSet, training: ImageSet,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.configuration = configuration
    let frame = ModelFrame(size: configuration.model.imageSize)
    let threads = configuration.data.loaderThreads ?? Processor.threadCount
    let count = min(Self.mostReferences, training.count)
    let subset = training.subset((0..<count).map { $0 * training.count / count })
    self.heldBack = ImageStream(heldBack, as: frame, threads: threads, report: report)
    references = ImageStream(subset, as: frame, threads: threads, report: report)
    hasClasses = heldBack.classNames.count > 1
  }

  /// Evaluates a teacher.
  package func evaluate(_ teacher: NetworkParameters) throws -> RunEvaluation {
    let threads = configuration.run.threads ?? Processor.threadCount
    let operations = try OneDNNOperations(precision: configuration.run.precision, threads: threads)
    let rows = teacher.hasParameter("decoder_pred_losspred.weight") ? configuration.modelConfiguration.patchLength : nil
    let model = try HardPatchModel(teacher.configuration, lossPredictorRows: rows, reading: teacher, operations: operations)
    var metrics: [Metric] = []
    var sheet = ContactSheet()
    if configuration.target.kind == .pixels {
      try model.loadReconstructor(reading: teacher)
      metrics += try examine(model, &sheet)
    }
    if hasClasses, let accuracy = try neighbourAccuracy(model, threads: threads) { metrics.append(Metric("knn_accuracy", accuracy)) }
    return RunEvaluation(metrics: metrics, sheet: sheet.picture.map { (PNGEncoder.encode($0), $0.width, $0.height) })
  }

  /// Predicted losses beside true ones, which only pixels have here: of features the reconstructor's targets are another network's.
  private func examine(_ model: HardPatchModel<OneDNNOperations>, _ sheet: inout ContactSheet) throws -> [Metric] {
    let ratio = configuration.mask.ratio
    let hidden = max(1, MaskCount.masked(of: configuration.grid.count, ratio: ratio))
    let fewestDraws = (configuration.grid.count + hidden - 1) / hidden
    let settings = PredictorSettings(
      masks: configuration.evaluation.trueLossMasks, draws: max(configuration.evaluation.views, fewestDraws), ratio: ratio,
      seed: UInt64(configuration.run.seed))
    let evaluation = try PredictorEvaluation(model, targets: configuration.target.normPix ? .standardisedPerPatch : .plain, settings)
    var report = PredictorReport()
    try evaluation.examine(heldBack) { image in
      report.add(image)
      if sheet.rowCount < configuration.evaluation.contactSheetImages { sheet.add(image) }
    }
    return report.metrics
  }

  /// The share of held-back images whose class the nearest training images tell; `nil` where none has a class.
  private func neighbourAccuracy(_ model: HardPatchModel<OneDNNOperations>, threads: Int) throws -> Double? {
    let extraction = FeatureExtraction(model)
    guard let training = try extraction.tables(of: references, kinds: [.patchMean])[.patchMean],
      let test = try extraction.tables(of: heldBack, kinds: [.patchMean])[.patchMean], training.count > 0, test.count > 0
    else { return nil }
    let settings = NeighbourSettings(counts: [min(configuration.evaluation.neighbours, training.count)])
    let operations = try OneDNNOperations(precision: .float32, threads: threads)
    return try NearestNeighbours(training: training, operations: operations, settings).accuracies(of: test).first
  }
}
