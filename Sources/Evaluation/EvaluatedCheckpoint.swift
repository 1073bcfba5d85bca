package import Checkpoints
package import Kernels
import Masking
package import Training
package import VisionModels

/// A checkpoint opened to be evaluated; its weights are read when a model is made of it.
package struct EvaluatedCheckpoint: Sendable {
  /// How a checkpoint is read, where it does not tell itself.
  package struct Reading: Hashable, Sendable {
    package var weights = Checkpoint.WeightChoice.automatic
    /// Heads of the encoder and of the decoders.
    package var heads: Int?
    package var decoderHeads: Int?
    package var nonFinite = Checkpoint.NonFinitePolicy.refuse

    package init() {}
  }

  package let configuration: ModelConfiguration
  /// How its reconstructor's targets were made.
  package let targets: PixelTargets
  /// γ it was trained at; `nil` where the file does not tell.
  package let maskRatio: Double?
  /// Whether it says which patches are hard.
  package let predictsLoss: Bool
  /// Whether it was trained to tell the loss itself, and not the order of an image's patches.
  package let predictsAbsoluteLoss: Bool
  /// Whether it has a decoder of pixels, so that its true loss can be computed.
  package let reconstructsPixels: Bool
  /// The mode it is best read in, as its file says.
  package let ownMode: String?
  private let checkpoint: Checkpoint
  private let architecture: CheckpointArchitecture

  package init(_ path: String, _ reading: Reading) throws {
    checkpoint = try Checkpoint.open(path, weights: reading.weights, nonFinite: reading.nonFinite)
    architecture = try CheckpointArchitecture(of: checkpoint, heads: reading.heads, decoderHeads: reading.decoderHeads)
    guard let configuration = ModelConfiguration(architecture, of: checkpoint) else {
      throw EvaluationError.notSquare(path: path, patches: architecture.patchCount)
    }
    self.configuration = configuration
    targets = PixelTargets(of: checkpoint)
    maskRatio = checkpoint.trainingMaskRatio
    predictsLoss = architecture.lossPredictorRows != nil
    predictsAbsoluteLoss = checkpoint.metadataValue("predicting_loss") == "absolute_raw"
    reconstructsPixels = architecture.predictsPixels && checkpoint.targetsPixels
    ownMode = checkpoint.metadataValue("mode")
  }

  /// Which weights were taken: `ema`, `student` or `plain`.
  package var weights: Checkpoint.WeightSource { checkpoint.weights }

  /// Of the images it takes.
  package var imageSize: ImageSize {
    ImageSize(height: configuration.grid.rows * configuration.patchSize, width: configuration.grid.columns * configuration.patchSize)
  }

  /// Encoder, reconstructor and, where the file has one, loss predictor.
  package func model<Operations: OperationSet>(_ operations: Operations) throws -> HardPatchModel<Operations> {
    guard reconstructsPixels else { throw EvaluationError.reconstructsNoPixels(path: checkpoint.path) }
    let parameters = CheckpointParameters(checkpoint)
    let model = try HardPatchModel(
      configuration, lossPredictorRows: architecture.lossPredictorRows, reading: parameters, operations: operations)
    try model.loadReconstructor(reading: parameters)
    return model
  }
}
