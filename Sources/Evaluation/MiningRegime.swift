import Masking
package import Training
import VisionModels

/// Settings with what they leave to the model filled in.
package struct MiningRegime: Hashable, Sendable {
  package let settings: MiningSettings
  package let mode: MiningSettings.Mode
  /// γ of the random masks over which the true loss is taken.
  package let trueLossRatio: Double
  /// Whether predicted losses compare across images, too.
  package let predictionsCompare: Bool

  /// Throws, with a sentence for everything that is wrong, where the checkpoint cannot be mined so.
  package init(_ settings: MiningSettings, of checkpoint: EvaluatedCheckpoint) throws(PretrainingConfigurationError) {
    self.settings = settings
    mode = settings.mode ?? checkpoint.ownMode.flatMap(MiningSettings.Mode.init(rawValue:)) ?? .fullVisible
    trueLossRatio = checkpoint.maskRatio ?? Self.standardRatio
    predictionsCompare = checkpoint.predictsAbsoluteLoss && mode == .fullVisible
    let faults = Self.faults(settings, checkpoint, ratio: trueLossRatio)
    guard faults.isEmpty else { throw PretrainingConfigurationError(faults: faults) }
  }

  /// By what images are ranked, and why.
  package var comparability: String {
    "Images are ranked by their true loss, the masked reconstruction error (reconstruction_loss), which compares across images. "
      + (predictionsCompare
        ? "So do the predicted losses of this model, which was trained to tell the loss itself."
        : "Predicted losses rank the patches within one image only: what trains them never compares two images.")
  }

  /// γ of a model whose file does not tell its own.
  private static let standardRatio = 0.75
  private static let colorChannels = 3

  private static func faults(_ settings: MiningSettings, _ checkpoint: EvaluatedCheckpoint, ratio: Double) -> [String] {
    var faults: [String] = []
    if !checkpoint.reconstructsPixels {
      faults.append(
        "model: it has no decoder that predicts pixels, so no true loss can be computed, and predicted losses do not compare across images; "
          + "name a checkpoint with its reconstructor")
    }
    if !checkpoint.predictsLoss {
      faults.append("model: it has no loss predictor, so it cannot say which patches are hard; name one that was trained with HPM")
    }
    if checkpoint.configuration.channels != colorChannels {
      faults.append("model: it takes \(checkpoint.configuration.channels) channels, but images have \(colorChannels)")
    }
    let patches = checkpoint.configuration.grid.count
    let hidden = MaskCount.masked(of: patches, ratio: ratio)
    if !(1..<patches).contains(hidden) {
      faults.append("model: its training ratio \(ratio) hides \(hidden) of \(patches) patches; at least one must be hidden and one not")
    } else if settings.draws * hidden < patches {
      faults.append(
        "draws: expected at least \((patches + hidden - 1) / hidden), to hide each of \(patches) patches once, found \(settings.draws)")
    }
    return faults
  }
}
