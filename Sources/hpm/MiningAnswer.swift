import Evaluation
import Foundation
import Training

/// What `hpm mine` prints at its end.
struct MiningAnswer {
  private let summary: MiningSummary
  private let folder: String

  init(_ summary: MiningSummary, folder: String) {
    self.summary = summary
    self.folder = folder
  }

  var text: String {
    let figures = summary.figures
    let correlation = figures.meanSpearman.map { String(format: "%.4f", $0) } ?? "–"
    return """
      \(figures.images) images ranked, \(summary.skipped) left out
      reconstruction loss \(String(format: "%.4f", figures.meanLoss)), from \(figures.minimum) (\(summary.easiest)) \
      to \(figures.maximum) (\(summary.hardest))
      Spearman of predicted and true loss within an image \(correlation) (\(summary.regime.mode.rawValue))
      \(summary.regime.comparability)
      Look at \(folder)/gallery.html
      """
  }
}
