/// A loaded, warmed model: numbers in, numbers out.
///
/// It is the one place where the service meets the method.
///
/// Every call may come from any task. An engine throws ``InferenceFailure``; any other error is answered as a fault of ours.
package protocol InferenceEngine: Sendable {
  var description: ModelDescription { get }

  /// The predicted loss of every patch; `draws` counts only for ``PredictionMode/maskedAverage``.
  func predictLoss(_ pixels: PixelBatch, mode: PredictionMode, draws: Int) async throws -> PredictedLoss

  /// (B, L) AttMask scores: the class token's attention in the encoder's last layer, mean over heads.
  func classAttention(_ pixels: PixelBatch) async throws -> [Float]

  /// (B, 1 + L, D): the encoder's normalised tokens of images that are all visible, class token first.
  func latent(_ pixels: PixelBatch) async throws -> [Float]

  /// How many images of a grid, all patches visible, are best computed together: more gain nothing.
  func imagesPerPass(rows: Int, columns: Int) -> Int

  /// The true loss and a reconstruction of one image (`pixels.count` is 1) under `draws` random masks at `ratio`.
  func reconstruct(_ pixels: PixelBatch, ratio: Double, draws: Int) async throws -> Reconstruction
}

/// Why an engine gives no answer.
package enum InferenceFailure: Error, Sendable, Hashable {
  /// Too many images wait; worth asking again after so many seconds.
  case queueFull(retryAfter: Int)
  /// The model is being taken out of service.
  case leaving
  /// The model cannot do this, ever: a sentence that says why.
  case unsupported(String)
}
