import Foundation
import Kernels
import Masking
import Training

/// Sums over the images of a mining run.
package struct MiningFigures: Hashable, Sendable {
  package private(set) var images = 0
  package private(set) var minimum = Float.infinity
  package private(set) var maximum = -Float.infinity
  private var lossSum = 0.0
  private var spearmanSum = 0.0
  private var spearmanCount = 0

  mutating func add(_ score: ImageScore) {
    images += 1
    minimum = min(minimum, score.reconstructionLoss)
    maximum = max(maximum, score.reconstructionLoss)
    lossSum += Double(score.reconstructionLoss)
    guard let spearman = score.spearman else { return }
    spearmanSum += spearman
    spearmanCount += 1
  }

  package var meanLoss: Double { lossSum / Double(images) }

  /// `nil` where no image has one.
  package var meanSpearman: Double? { spearmanCount > 0 ? spearmanSum / Double(spearmanCount) : nil }
}

/// What a mining run says of itself and of the whole set: `summary.json`.
package struct MiningSummary: Sendable {
  package let figures: MiningFigures
  package let skipped: Int
  let origin: MiningOrigin
  package let regime: MiningRegime
  let grid: PatchGrid
  let weights: String
  /// Paths.
  package let hardest: String
  package let easiest: String

  var json: JSONValue {
    let settings = regime.settings
    return .object([
      JSONValue.Member("images", .integer(figures.images)), JSONValue.Member("skipped", .integer(skipped)),
      JSONValue.Member("grid", .array([.integer(grid.rows), .integer(grid.columns)])),
      JSONValue.Member(
        "model",
        .object([
          JSONValue.Member("file", .text(URL(fileURLWithPath: origin.model).lastPathComponent)),
          JSONValue.Member("sha256", .text(origin.modelDigest)), JSONValue.Member("weights", .text(weights)),
          JSONValue.Member("precision", .text(origin.precision.rawValue)),
        ])), JSONValue.Member("mode", .text(regime.mode.rawValue)), JSONValue.Member("draws", .integer(settings.draws)),
      JSONValue.Member("true_loss_ratio", .number(regime.trueLossRatio)), JSONValue.Member("fit", .text(settings.fit.rawValue)),
      JSONValue.Member(
        "mask",
        .object([
          JSONValue.Member("strategy", .text(settings.strategy.rawValue)), JSONValue.Member("ratio", .number(settings.ratio)),
          JSONValue.Member("alpha", .number(settings.alpha)), JSONValue.Member("seed", .integer(settings.seed)),
          JSONValue.Member("masked", .integer(MaskCount.masked(of: grid.count, ratio: settings.ratio))),
        ])), JSONValue.Member("ranked_by", .text("reconstruction_loss")), JSONValue.Member("comparability", .text(regime.comparability)),
      JSONValue.Member("comparable_across_images", .truth(regime.predictionsCompare)),
      JSONValue.Member(
        "reconstruction_loss",
        .object([
          JSONValue.Member("mean", .number(figures.meanLoss)), JSONValue.Member("min", .number(Double(figures.minimum))),
          JSONValue.Member("max", .number(Double(figures.maximum))),
        ])), JSONValue.Member("spearman_mean", figures.meanSpearman.map { .number($0) } ?? .null),
      JSONValue.Member("hardest", .text(hardest)), JSONValue.Member("easiest", .text(easiest)),
    ])
  }
}
