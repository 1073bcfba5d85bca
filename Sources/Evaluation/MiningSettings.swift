import Masking
package import Training

/// What of a data set's images is computed and shown; the words are those of `/predict-loss`, `/mask` and `/reconstruct`.
package struct MiningSettings: Hashable, Sendable {
  /// How the loss predictor is read.
  package typealias Mode = PretrainingConfiguration.Mask.TeacherView

  /// Which patches the masks hide.
  package enum Strategy: String, CaseIterable, Sendable {
    case hard, easy

    var masking: MaskStrategy { self == .hard ? .hard : .easy }
  }

  /// Random masks over which the true loss, and in mode `masked_average` the predicted one, is averaged.
  package var draws = 10
  /// `nil` is the model's own, else `full_visible`.
  package var mode: Mode?
  package var fit = ModelFrame.Fit.crop
  /// γ of the hard masks; the true loss is taken at the model's own training ratio, as `/reconstruct` does.
  package var ratio = 0.75
  /// Of the masked patches, the share that predicted losses decide.
  package var alpha = 1.0
  package var strategy = Strategy.hard
  /// Image b, counted from 0 among those that can be read, uses `seed + b`.
  package var seed = 0
  /// The hardest, and the easiest, so many images are in the gallery.
  package var galleryImages = 12
  /// Of all images, the share that may fail to decode before the run fails.
  package var maximumUnreadableShare = 0.01

  package init() {}

  /// Every option that may be set.
  package static let options: [MiningOption<MiningSettings>] = [
    MiningOption("draws", \.draws, .integer(2...64)), MiningOption("mode", \.mode, .orNull(.choice, "the model's own")),
    MiningOption("fit", \.fit, .choice), MiningOption("ratio", \.ratio, .share), MiningOption("alpha", \.alpha, .share),
    MiningOption("strategy", \.strategy, .choice), MiningOption("seed", \.seed, .integer(0...9_007_199_254_740_991)),
    MiningOption("gallery_images", \.galleryImages, .integer(0...200)),
    MiningOption("max_unreadable_share", \.maximumUnreadableShare, .share),
  ]

  /// The settings that the members of a JSON object stand for, the others as they are by default.
  ///
  /// Throws all that is wrong at once.
  package init(_ members: [JSONValue.Member]) throws(PretrainingConfigurationError) {
    let faults = MiningOption.faults(Self.options, reading: members, into: &self)
    guard faults.isEmpty else { throw PretrainingConfigurationError(faults: faults) }
  }

  /// Every option, defaults spelled out.
  package var json: JSONValue { MiningOption.json(Self.options, of: self) }
}
