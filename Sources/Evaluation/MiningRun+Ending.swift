import Foundation
import Images
import Kernels
import Masking
import Tensors
import Training

extension MiningRun {
  /// Rows that are read at once.
  private static var rowsPerPiece: Int { 256 }

  /// Writes what is made of all rows. Killed on the way it is done once more, with the same result.
  func end() throws {
    guard results.state.rows > 0 else { throw EvaluationError.nothingReadable(images: images.count) }
    let ranking = ImageRanking(try losses())
    let figures = try writeTable(ranking)
    try folder.replace("gallery.html", with: Array(gallery(ranking).html.utf8))
    let summary = try makeSummary(figures, ranking)
    try folder.replace("summary.json", with: Array(summary.json.pretty.utf8))
    try results.publish()
    self.summary = summary
  }

  /// The reconstruction loss of every row.
  private func losses() throws -> [Float] {
    var losses: [Float] = []
    losses.reserveCapacity(results.state.rows)
    let patches = results.grid.count
    try forEachPiece { rows in
      let values = try results.floats(.trueLoss, rows)
      for place in 0..<rows.count { losses.append(ImageScore.mean(values[place * patches..<(place + 1) * patches])) }
    }
    return losses
  }

  private func forEachPiece(_ body: (Range<Int>) throws -> Void) throws {
    for first in stride(from: 0, to: results.state.rows, by: Self.rowsPerPiece) {
      try body(first..<min(first + Self.rowsPerPiece, results.state.rows))
    }
  }

  private static var columns: [String] {
    [
      "row", "rank", "path", "label", "width", "height", "reconstruction_loss", "predicted_min", "predicted_max", "predicted_mean",
      "predicted_std", "spearman",
    ]
  }

  /// Writes `images.csv`, a line a row; the figures of all.
  private func writeTable(_ ranking: ImageRanking) throws -> MiningFigures {
    var figures = MiningFigures()
    let patches = results.grid.count
    try folder.replace("images.csv") { file in
      try file.write(Array((Self.columns.joined(separator: ",") + "\r\n").utf8))
      try forEachPiece { rows in
        let (truth, predicted) = (try results.floats(.trueLoss, rows), try results.floats(.predictedLoss, rows))
        let origins = try results.origins(rows)
        for (place, row) in rows.enumerated() {
          let own = place * patches..<(place + 1) * patches
          let score = ImageScore(trueLoss: truth[own], predictedLoss: predicted[own])
          figures.add(score)
          try file.write(Array(line(row, Int(ranking.ranks[row]), origins[place], score).utf8))
        }
      }
    }
    return figures
  }

  private func line(_ row: Int, _ rank: Int, _ origin: MiningResults.Origin, _ score: ImageScore) -> String {
    let fields = [
      String(row), String(rank), CSVField.text(images.path(of: origin.index)), CSVField.text(label(origin.index) ?? ""),
      String(origin.width), String(origin.height), CSVField.number(score.reconstructionLoss), CSVField.number(score.predictedMinimum),
      CSVField.number(score.predictedMaximum), CSVField.number(score.predictedMean), CSVField.number(score.predictedDeviation),
      CSVField.number(score.spearman),
    ]
    return fields.joined(separator: ",") + "\r\n"
  }

  private func label(_ index: Int) -> String? { images.label(of: index).map { images.classNames[$0] } }

  private func makeSummary(_ figures: MiningFigures, _ ranking: ImageRanking) throws -> MiningSummary {
    func path(_ row: Int32?) throws -> String {
      try row.map { images.path(of: try results.origins(Int($0)..<Int($0) + 1)[0].index) } ?? ""
    }
    return MiningSummary(
      figures: figures, skipped: results.state.skipped, origin: configuration.origin, regime: regime, grid: results.grid, weights: weights,
      hardest: try path(ranking.order.first), easiest: try path(ranking.order.last))
  }
}

extension MiningRun {
  private func gallery(_ ranking: ImageRanking) throws -> Gallery {
    let count = configuration.settings.galleryImages
    return Gallery(
      modelName: URL(fileURLWithPath: configuration.origin.model).lastPathComponent, regime: regime, imageCount: results.state.rows,
      skipped: results.state.skipped, hardest: try ranking.hardest(count).map { try exhibit($0, ranking) },
      easiest: try ranking.easiest(count).map { try exhibit($0, ranking) })
  }

  private func exhibit(_ row: Int, _ ranking: ImageRanking) throws -> Gallery.Exhibit {
    let (truth, predicted) = (try results.floats(.trueLoss, row..<row + 1), try results.floats(.predictedLoss, row..<row + 1))
    let index = try results.origins(row..<row + 1)[0].index
    // A file that is gone by now is shown without its picture; its results are there.
    let picture = (try? ImageDecoder.decode(images.bytes(of: index)).image).map { frame.shown($0, side: Gallery.pictureSide) }
    return Gallery.Exhibit(
      rank: Int(ranking.ranks[row]), path: images.path(of: index), label: label(index), grid: results.grid, picture: picture,
      score: ImageScore(trueLoss: truth[...], predictedLoss: predicted[...]), trueLoss: truth, predictedLoss: predicted,
      mask: try results.mask(row))
  }
}
