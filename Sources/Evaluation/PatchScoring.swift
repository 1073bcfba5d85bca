package import Kernels
package import Masking
import Training
package import VisionModels

/// What a model says of the patches of one image, and how hard they truly are.
package struct PatchScores: Sendable {
  /// `L` each, in raster order.
  package let predictedLoss: [Float]
  /// The reconstruction loss, the mean over the random masks that hide a patch.
  package let trueLoss: [Float]
  /// 1 = hidden.
  package let mask: [UInt8]
}

/// Scores images one by one, as `/reconstruct`, `/predict-loss` and `/mask` do.
///
/// Belongs to the thread of the model's operations.
package struct PatchScoring<Operations: OperationSet> {
  private let model: HardPatchModel<Operations>
  private let targets: PixelTargets
  private let regime: MiningRegime
  private let views: [PatchMask]

  /// - Parameter model: with a loss predictor, and its reconstructor loaded.
  package init(_ model: HardPatchModel<Operations>, targets: PixelTargets, _ regime: MiningRegime) throws(MaskError) {
    self.model = model
    self.targets = targets
    self.regime = regime
    views = try BalancedDraws.masks(grid: model.configuration.grid, ratio: regime.trueLossRatio, draws: regime.settings.draws)
  }

  /// Scores one image.
  ///
  /// - Parameter image: `[C, rows · P, columns · P]`, normalised.
  /// - Parameter row: counts the images that can be read, from 0; with the seed it keys the mask's chance.
  package func score(_ image: [Float], row: Int) throws -> PatchScores {
    let grid = model.configuration.grid
    let figure = try model.figure(of: image, masks: views, targets: targets)
    let predicted: [Float]? =
      switch regime.mode {
      case .maskedAverage: figure.maskedAverage
      case .fullVisible: try model.fullVisibleMaps(image, grid: grid)
      }
    guard let predicted else { preconditionFailure("a model without a loss predictor") }
    let settings = regime.settings
    let drawing = MaskDrawing(
      strategy: settings.strategy.masking, ratio: settings.ratio, alpha: settings.alpha, seed: UInt64(settings.seed) &+ UInt64(row))
    return PatchScores(
      predictedLoss: predicted, trueLoss: figure.trueLoss, mask: try drawing.draw(grid: grid, scores: predicted).values)
  }
}
