import Masking
package import Training

/// Figures of a loss predictor, and of the rankers that need no model, over images.
package struct PredictorReport: Sendable {
  private struct Cell: Hashable {
    let ranking: LossRanking
    let measure: RankingMeasure
  }

  /// The share of patches that ``RankingMeasure/overlap`` takes as the hardest: the paper's mask ratio.
  package static let hardestShare = 0.75

  private var losses: [Double] = []
  private var values: [Cell: [Double]] = [:]

  package init() {}

  /// How many images were added.
  package var imageCount: Int { losses.count }

  /// The mean squared error at hidden patches; `nil` before an image is added.
  package var reconstructionLoss: MeanEstimate? { MeanEstimate(losses) }

  /// The mean over images; `nil` where the measure does not apply, or no image gave a value (one whose patches are all alike ranks nothing).
  package func estimate(_ measure: RankingMeasure, of ranking: LossRanking) -> MeanEstimate? {
    values[Cell(ranking: ranking, measure: measure)].flatMap(MeanEstimate.init)
  }

  /// Rankings with any figure.
  package var rankings: [LossRanking] {
    LossRanking.allCases.filter { ranking in RankingMeasure.allCases.contains { estimate($0, of: ranking) != nil } }
  }

  /// Takes note of one more image.
  package mutating func add(_ image: ExaminedImage) {
    losses.append(image.hiddenTruth.reduce(0) { $0 + Double($1) } / Double(image.hiddenTruth.count))
    if let predicted = image.hiddenPrediction {
      addPairs(of: .hiddenPatches, predicted: predicted, truth: image.hiddenTruth, rows: image.maskCount)
    }
    let truth = image.knownLoss
    for ranking in LossRanking.allCases {
      guard let scores = image.scores(ranking) else { continue }
      addPairs(of: ranking, predicted: scores, truth: truth, rows: 1)
      add(ranking, .spearman, RankCorrelation.spearman(scores, truth))
      add(ranking, .kendall, RankCorrelation.kendall(scores, truth))
      add(ranking, .overlap, Self.overlap(scores, truth))
    }
  }

  private mutating func addPairs(of ranking: LossRanking, predicted: [Float], truth: [Float], rows: Int) {
    let value = PredictingLoss.relative.value(predicted: predicted, truth: truth, images: rows)
    add(ranking, .pairAccuracy, value.pairAccuracy)
    if ranking.ranker == nil, value.pairs > 0 { add(ranking, .relativeLoss, value.loss) }
  }

  private mutating func add(_ ranking: LossRanking, _ measure: RankingMeasure, _ value: Double?) {
    guard let value else { return }
    values[Cell(ranking: ranking, measure: measure), default: []].append(value)
  }

  private static func overlap(_ scores: [Float], _ truth: [Float]) -> Double? {
    let count = MaskCount.masked(of: truth.count, ratio: hardestShare)
    guard count > 0 else { return nil }
    return Double(hardest(count, by: scores).intersection(hardest(count, by: truth)).count) / Double(count)
  }

  /// The patches with the greatest scores, ties by lower index.
  private static func hardest(_ count: Int, by scores: [Float]) -> Set<Int> {
    Set(scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }.prefix(count))
  }
}

extension PredictorReport {
  /// What a run's metrics say of its predictor: losses and pair accuracy at hidden patches, beside that of mode `full_visible`, and how
  /// each ranking correlates with the true loss.
  package var metrics: [Metric] {
    var metrics: [Metric] = []
    func add(_ name: String, _ estimate: MeanEstimate?) {
      if let estimate { metrics.append(Metric(MetricName(stringLiteral: name), estimate.mean)) }
    }
    add(MetricName.reconstructionLoss.rawValue, reconstructionLoss)
    let pairMeasures = [RankingMeasure.relativeLoss, .pairAccuracy]
    for measure in pairMeasures { add(measure.rawValue, estimate(measure, of: .hiddenPatches)) }
    for measure in pairMeasures { add("\(measure.rawValue)_\(LossRanking.fullVisible.rawValue)", estimate(measure, of: .fullVisible)) }
    for ranking in LossRanking.allCases {
      add("\(RankingMeasure.spearman.rawValue)_\(ranking.rawValue)", estimate(.spearman, of: ranking))
    }
    return metrics
  }
}
