import Evaluation
import Foundation
import Training

/// What `hpm evaluate predictor` prints.
struct PredictorAnswer {
  private let report: PredictorReport
  private let settings: PredictorSettings
  private let weights: String

  init(_ report: PredictorReport, _ settings: PredictorSettings, weights: String) {
    self.report = report
    self.settings = settings
    self.weights = weights
  }

  /// For people.
  var text: String {
    var table = TextTable(["ranking"] + RankingMeasure.allCases.map { $0.rawValue.replacing("_", with: " ") })
    for ranking in report.rankings {
      table.add([ranking.rawValue] + RankingMeasure.allCases.map { Self.text(report.estimate($0, of: ranking)) })
    }
    return """
      \(report.imageCount) images, \(weights) weights; true loss over \(settings.masks) random masks at ratio \(settings.ratio), \
      masked_average over \(settings.draws) draws
      reconstruction loss \(Self.text(report.reconstructionLoss))

      \(table.text)

      Chance: relative loss 0.6931, pair accuracy 0.5, Spearman and Kendall 0, overlap \(PredictorReport.hardestShare).

      """
  }

  private static func text(_ estimate: MeanEstimate?) -> String {
    estimate.map { String(format: "%.4f ± %.4f", $0.mean, $0.standardError) } ?? "–"
  }

  /// For programs.
  var json: String {
    let rankings = report.rankings.map { ranking in
      JSONValue.Member(
        ranking.rawValue,
        .object(
          RankingMeasure.allCases.compactMap { measure in
            report.estimate(measure, of: ranking).map { JSONValue.Member(measure.rawValue, Self.value($0)) }
          }))
    }
    return JSONValue.object([
      JSONValue.Member("images", .integer(report.imageCount)), JSONValue.Member("weights", .text(weights)),
      JSONValue.Member("masks", .integer(settings.masks)), JSONValue.Member("draws", .integer(settings.draws)),
      JSONValue.Member("ratio", .number(settings.ratio)), JSONValue.Member("seed", .integer(Int(settings.seed))),
      JSONValue.Member("reconstruction_loss", report.reconstructionLoss.map(Self.value) ?? .null),
      JSONValue.Member("rankings", .object(rankings)),
    ]).pretty
  }

  private static func value(_ estimate: MeanEstimate) -> JSONValue {
    .object([
      JSONValue.Member("mean", .number(estimate.mean)), JSONValue.Member("standard_error", .number(estimate.standardError)),
      JSONValue.Member("images", .integer(estimate.count)),
    ])
  }
}
