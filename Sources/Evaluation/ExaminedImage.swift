package import Masking

/// What a model makes of one image: how hard each patch truly is, and how hard it was said to be.
package struct ExaminedImage: Sendable {
  package let grid: PatchGrid
  /// P.
  package let patchSize: Int
  /// `[C, rows · P, columns · P]`, normalised.
  package let pixels: [Float]
  /// The first of the random masks.
  package let mask: PatchMask
  /// The image with that mask's patches as reconstructed.
  package let reconstruction: [Float]
  /// `L`: the reconstruction loss, the mean over the random masks that hide a patch; 0 where none did.
  package let trueLoss: [Float]
  /// `L`: the predicted loss in mode `full_visible`; `nil` without a loss predictor, as what follows.
  package let fullVisible: [Float]?
  /// `L`: the predicted loss in mode `masked_average`.
  package let maskedAverage: [Float]?
  /// How many random masks.
  let maskCount: Int
  /// Which patches any of them hid.
  let isKnown: [Bool]
  /// The loss at every hidden patch, masks one after another.
  let hiddenTruth: [Float]
  /// The predicted loss there.
  let hiddenPrediction: [Float]?

  /// The scores of a ranking whose true loss is known, one a patch in raster order; `nil` without a loss predictor, and for the ranking
  /// that goes mask by mask.
  func scores(_ ranking: LossRanking) -> [Float]? {
    switch ranking {
    case .hiddenPatches: nil
    case .fullVisible: fullVisible.map(known)
    case .maskedAverage: maskedAverage.map(known)
    default: ranking.ranker.map { known($0.scores(of: pixels, grid: grid, patchSize: patchSize)) }
    }
  }

  /// The true losses that are known.
  var knownLoss: [Float] { known(trueLoss) }

  private func known(_ values: [Float]) -> [Float] { zip(values, isKnown).filter(\.1).map(\.0) }
}
