package import Checkpoints
package import Kernels
package import Training

/// What is mined by what: a run that goes on is held to it, so that its results are of one model and one set of images.
package struct MiningOrigin: Hashable, Sendable {
  /// The checkpoint's file, and the SHA-256 of it.
  package var model = ""
  package var modelDigest = ""
  package var weights = Checkpoint.WeightChoice.automatic
  package var heads: Int?
  package var decoderHeads: Int?
  package var nonFinite = Checkpoint.NonFinitePolicy.refuse
  package var precision = Precision.float32
  package var threads = 1
  /// The images, how many they are, and ``ImageSet/checksum``.
  package var data = ""
  package var imageCount = 0
  package var imageChecksum = 0

  package init() {}

  private static let counts = 1...Int.max

  static let options: [MiningOption<MiningOrigin>] = [
    MiningOption("model", \.model, .text("a file")), MiningOption("model_sha256", \.modelDigest, .sha256),
    MiningOption("weights", \.weights, .choice), MiningOption("heads", \.heads, .orNull(.integer(counts), "as the file tells")),
    MiningOption("decoder_heads", \.decoderHeads, .orNull(.integer(counts), "as the file tells")),
    MiningOption("non_finite", \.nonFinite, .choice), MiningOption("precision", \.precision, .choice),
    MiningOption("threads", \.threads, .integer(counts)), MiningOption("data", \.data, .text("a folder, list or archive")),
    MiningOption("images", \.imageCount, .integer(counts)), MiningOption("images_checksum", \.imageChecksum, .integer(0...Int(UInt32.max))),
  ]

  /// How the checkpoint is read.
  package var reading: EvaluatedCheckpoint.Reading {
    get {
      var reading = EvaluatedCheckpoint.Reading()
      reading.weights = weights
      reading.heads = heads
      reading.decoderHeads = decoderHeads
      reading.nonFinite = nonFinite
      return reading
    }
    set {
      weights = newValue.weights
      heads = newValue.heads
      decoderHeads = newValue.decoderHeads
      nonFinite = newValue.nonFinite
    }
  }
}

extension MiningOrigin {
  /// Whether a run begins, or one goes on that was begun before.
  package enum Occasion: Sendable { case beginning, resumption }

  /// Takes note of images and model; of a run that goes on it makes sure that they are those it was begun with.
  package mutating func note(_ images: ImageSet, on occasion: Occasion) throws {
    var found = self
    found.modelDigest = try FileDigest.sha256(model)
    found.imageCount = images.count
    found.imageChecksum = Int(images.checksum)
    if occasion == .resumption {
      guard found.modelDigest == modelDigest else { throw EvaluationError.changedSince(what: "the checkpoint \(model)") }
      guard found == self else { throw EvaluationError.changedSince(what: "the list of images of \(data)") }
    }
    self = found
  }
}
