import ArgumentParser
import Evaluation
import Training

/// The options of `hpm mine` that say what is computed and shown; what is left out is as ``MiningSettings`` has it.
struct MiningOptions: ParsableArguments {
  @Option(help: "Share of the patches that a mask hides (0.75).")
  var ratio: Double?

  @Option(help: "Of the hidden patches, the share chosen by predicted loss, the rest by chance (1).")
  var alpha: Double?

  @Option(help: "hard hides the patches of greatest predicted loss, easy those of least (hard).")
  var strategy: String?

  @Option(help: "Image b, counted from 0 among those that can be read, draws its mask from seed + b (0).")
  var seed: Int?

  @Option(help: "Random masks over which the losses are averaged, 2 to 64 (10).")
  var draws: Int?

  @Option(help: "How the loss predictor is read: full_visible or masked_average (the model's own).")
  var mode: String?

  @Option(help: "What becomes of an image that has not the model's size: crop or stretch (crop).")
  var fit: String?

  @Option(help: "The hardest and the easiest so many images are in the gallery, 0 to 200 (12).")
  var galleryImages: Int?

  @Option(help: "Share of the images that may fail to decode before the run fails (0.01).")
  var maxUnreadableShare: Double?

  /// Those that are given, as the members of a job's configuration.
  var members: [JSONValue.Member] {
    let given: [(String, JSONValue?)] = [
      ("ratio", ratio.map { .number($0) }), ("alpha", alpha.map { .number($0) }), ("strategy", strategy.map { .text($0) }),
      ("seed", seed.map { .integer($0) }), ("draws", draws.map { .integer($0) }), ("mode", mode.map { .text($0) }),
      ("fit", fit.map { .text($0) }), ("gallery_images", galleryImages.map { .integer($0) }),
      ("max_unreadable_share", maxUnreadableShare.map { .number($0) }),
    ]
    return given.compactMap { name, value in value.map { JSONValue.Member(name, $0) } }
  }

  /// The words of a command line that give these members.
  static func words(_ members: [JSONValue.Member]) -> [String] {
    members.filter { $0.value != .null }.map { "--\($0.name.replacing("_", with: "-"))=\($0.value.string ?? $0.value.compact)" }
  }
}
