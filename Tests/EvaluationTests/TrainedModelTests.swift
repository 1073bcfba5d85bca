import Evaluation
import Foundation
import Images
import Kernels
import Tensors
import TestSupport
import Testing
import Training

/// The small trained model of the reference, beside the figures measured there in PyTorch.
@Suite(.enabled(if: Fixtures.hasShared, "the shared reference files are not beside this clone")) struct TrainedModelTests {
  private func opened() throws -> EvaluatedCheckpoint {
    try EvaluatedCheckpoint(Fixtures.shared("reference/trained/small32.pth").path, EvaluatedCheckpoint.Reading())
  }

  /// CIFAR-10's images of one part, every `step`-th of each class.
  private func images(_ part: String, every step: Int) throws -> ImageStream {
    let all = try ImageSet.open(Fixtures.shared("data/cifar10_jpeg.tar.gz").path + "!\(part)")
    return ImageStream(
      all.subset((0..<all.count).filter { $0 % step == 0 }), as: ModelFrame(size: ImageSize(square: 32)), threads: Processor.threadCount
    ) { Issue.record("\($0)") }
  }

  @Test func `ranks patches as well as it did in PyTorch, in both modes and beside the rankers`() throws {
    let checkpoint = try opened()
    let model = try checkpoint.model(OneDNNOperations(precision: .float32, threads: Processor.threadCount))
    let evaluation = try PredictorEvaluation(model, targets: checkpoint.targets, PredictorSettings(masks: 20, draws: 20))
    var report = PredictorReport()
    try evaluation.examine(images("test", every: 50)) { report.add($0) }
    #expect(report.imageCount == 200)
    // Other images and masks than there: 400 of these differ by a standard error of .01 to .02.
    let expected: [(LossRanking, Double)] = [
      (.fullVisible, -0.01), (.maskedAverage, 0.44), (.patchVariance, 0.40), (.centrePrior, 0.13),
    ]
    for (ranking, value) in expected {
      let found = try #require(report.estimate(.spearman, of: ranking))
      #expect(abs(found.mean - value) < max(0.05, 4 * found.standardError), "\(ranking.rawValue): \(found.mean)")
    }
    #expect(try #require(report.estimate(.relativeLoss, of: .hiddenPatches)).mean < 0.66)
  }

  @Test func `its features tell classes`() throws {
    let encoder = try EvaluatedEncoder(Fixtures.shared("reference/trained/small32.pth").path, EvaluatedCheckpoint.Reading())
    let extraction = FeatureExtraction(try encoder.tower(OneDNNOperations(precision: .float32, threads: Processor.threadCount)))
    let training = try extraction.tables(of: images("train", every: 25), kinds: FeatureKind.allCases)
    let test = try extraction.tables(of: images("test", every: 20), kinds: FeatureKind.allCases)
    let operations = try OneDNNOperations(precision: .float32, threads: Processor.threadCount)
    for kind in FeatureKind.allCases {
      let (known, asked) = (try #require(training[kind]), try #require(test[kind]))
      #expect(known.count == 2000 && asked.count == 500)
      let accuracy = try NearestNeighbours(training: known, operations: operations, NeighbourSettings(counts: [20])).accuracies(of: asked)
      #expect(accuracy[0] > 0.25, "\(kind.rawValue): \(accuracy[0])")
    }
  }
}
