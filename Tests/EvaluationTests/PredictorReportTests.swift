import Masking
import Testing
import Training

@testable import Evaluation

/// What is counted of images whose figures are known.
@Suite struct PredictorReportTests {
  private static let grid = PatchGrid(rows: 2, columns: 4)
  private static let truth: [Float] = [0.1, 0.9, 0.4, 0.3, 0.8, 0.2, 0.7, 0.6]

  /// An image of which `scores` is said, all but the first patch hidden by one mask.
  private func examined(_ scores: [Float]?) -> ExaminedImage {
    let mask = PatchMask(grid: Self.grid, values: [0] + [UInt8](repeating: 1, count: 7))
    return ExaminedImage(
      grid: Self.grid, patchSize: 1, pixels: Self.truth, mask: mask, reconstruction: Self.truth, trueLoss: Self.truth, fullVisible: scores,
      maskedAverage: scores?.map { -$0 }, maskCount: 1, isKnown: mask.values.map { $0 == 1 }, hiddenTruth: Array(Self.truth.dropFirst()),
      hiddenPrediction: scores.map { Array($0.dropFirst()) })
  }

  @Test func `a prediction in the right order has every pair right, its reverse none`() throws {
    var report = PredictorReport()
    // The first patch, which no mask hides, does not count.
    report.add(examined([100] + Self.truth.dropFirst()))
    for measure in [RankingMeasure.pairAccuracy, .spearman, .kendall, .overlap] {
      #expect(abs((report.estimate(measure, of: .fullVisible)?.mean ?? 0) - 1) < 1e-12)
    }
    #expect(report.estimate(.pairAccuracy, of: .maskedAverage)?.mean == 0)
    #expect(report.estimate(.spearman, of: .maskedAverage)?.mean == -1)
    #expect(report.estimate(.pairAccuracy, of: .hiddenPatches)?.mean == 1)
    let loss = try #require(report.reconstructionLoss)
    #expect(abs(loss.mean - 3.9 / 7) < 1e-6)
    #expect(loss.standardError == 0 && report.imageCount == 1)
  }

  @Test func `a prediction that is far enough apart has no relative loss, a constant one ln 2`() throws {
    var report = PredictorReport()
    report.add(examined(Self.truth.map { $0 * 1000 }))
    #expect(try #require(report.estimate(.relativeLoss, of: .fullVisible)).mean < 1e-6)
    var constant = PredictorReport()
    constant.add(examined([Float](repeating: 3, count: 8)))
    #expect(abs(try #require(constant.estimate(.relativeLoss, of: .hiddenPatches)).mean - 0.693_147_2) < 1e-6)
    #expect(constant.estimate(.pairAccuracy, of: .hiddenPatches)?.mean == 0.5)
    #expect(constant.estimate(.spearman, of: .fullVisible) == nil)
  }

  @Test func `without a loss predictor the rankers and the reconstruction are left`() {
    var report = PredictorReport()
    report.add(examined(nil))
    #expect(report.rankings == [.patchVariance, .gradientEnergy, .centrePrior])
    #expect(report.metrics.map(\.name) == ["reconstruction_loss", "spearman_centre_prior"])
  }

  @Test func `an estimate is a mean with its standard error`() throws {
    let estimate = try #require(MeanEstimate([1, 2, 3, 4]))
    #expect(estimate.mean == 2.5 && estimate.count == 4)
    #expect(abs(estimate.standardError - (5.0 / 3 / 4).squareRoot()) < 1e-12)
    #expect(MeanEstimate([]) == nil)
  }
}
