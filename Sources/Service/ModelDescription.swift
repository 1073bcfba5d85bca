/// What answers and listings say of a loaded model.
package struct ModelDescription: Sendable, Hashable {
  /// Which of a checkpoint's weights are served.
  package enum Weights: String, Sendable { case ema, student, plain }

  /// What the model computes in.
  package enum Precision: String, Sendable { case float32 = "fp32", bfloat16 = "bf16" }

  package var name: String
  package var version: Int
  /// 64 hexadecimal digits: of the checkpoint file.
  package var sha256: String
  package var weights: Weights
  package var precision: Precision
  /// The architecture's name, such as `vit_base_patch16`.
  package var architecture: String
  /// How many numbers the weights are.
  package var parameters: Int
  /// Side of a patch, P, in pixels.
  package var patchSize: Int
  /// The pixels the model was trained on.
  package var imageHeight, imageWidth: Int
  /// Numbers of one token of the encoder, D.
  package var width: Int
  package var hasLossPredictor: Bool
  package var hasReconstructor: Bool
  package var defaultMode: PredictionMode
  /// The share of patches hidden in training, where the checkpoint says.
  package var trainingMaskRatio: Double?
  /// Whether predicted losses of different images may be compared: only for a model trained with `absolute_raw`.
  package var comparableAcrossImages: Bool
  /// What else the checkpoint says of itself.
  package var metadata: [String: String]

  package init(
    name: String, version: Int, sha256: String, weights: Weights, precision: Precision, architecture: String, parameters: Int,
    patchSize: Int, imageHeight: Int, imageWidth: Int, width: Int, hasLossPredictor: Bool, hasReconstructor: Bool,
    defaultMode: PredictionMode, trainingMaskRatio: Double?, comparableAcrossImages: Bool, metadata: [String: String]
  ) {
    self.name = name
    self.version = version
    self.sha256 = sha256
    self.weights = weights
    self.precision = precision
    self.architecture = architecture
    self.parameters = parameters
    self.patchSize = patchSize
    self.imageHeight = imageHeight
    self.imageWidth = imageWidth
    self.width = width
    self.hasLossPredictor = hasLossPredictor
    self.hasReconstructor = hasReconstructor
    self.defaultMode = defaultMode
    self.trainingMaskRatio = trainingMaskRatio
    self.comparableAcrossImages = comparableAcrossImages
    self.metadata = metadata
  }

  /// The grid of an image of the trained size.
  package var rows: Int { imageHeight / patchSize }
  /// The grid of an image of the trained size.
  package var columns: Int { imageWidth / patchSize }
}
