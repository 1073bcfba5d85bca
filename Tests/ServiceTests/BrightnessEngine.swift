@testable import Service

/// An engine whose answers can be worked out by hand: the predicted loss of a patch is the mean of its normalised pixels.
struct BrightnessEngine: InferenceEngine {
  var description: ModelDescription
  /// Runs before every answer.
  var before: @Sendable () async throws -> Void = {}
  /// Images of one pass.
  var perPass = 4

  init(name: String = "brightness", version: Int = 1, patchSize: Int = 16, side: Int = 64) {
    description = ModelDescription(
      name: name, version: version, sha256: String(repeating: "0", count: 64), weights: .ema, precision: .float32,
      architecture: "none", parameters: 0, patchSize: patchSize, imageHeight: side, imageWidth: side, width: 2, hasLossPredictor: true,
      hasReconstructor: true, defaultMode: .fullVisible, trainingMaskRatio: 0.75, comparableAcrossImages: true,
      metadata: ["data": "none"])
  }

  func predictLoss(_ pixels: PixelBatch, mode: PredictionMode, draws: Int) async throws -> PredictedLoss {
    try await before()
    let sign: Float = mode == .fullVisible ? 1 : -1
    return PredictedLoss(
      rows: pixels.height / description.patchSize, columns: pixels.width / description.patchSize,
      values: means(pixels).map { sign * $0 }, times: StageTimes(queue: 0.001, compute: 0.002))
  }

  /// The reverse of the predicted loss.
  func classAttention(_ pixels: PixelBatch) async throws -> [Float] {
    try await before()
    return means(pixels).map { -$0 }
  }

  /// Two numbers a token: the patch's brightness twice, and the class token's as 0.
  func latent(_ pixels: PixelBatch) async throws -> [Float] {
    try await before()
    let patches = pixels.height * pixels.width / (description.patchSize * description.patchSize)
    let map = means(pixels)
    return (0..<pixels.count).flatMap { image in [0, 0] + map[image * patches..<(image + 1) * patches].flatMap { [$0, $0] } }
  }

  func imagesPerPass(rows: Int, columns: Int) -> Int { perPass }

  /// Every loss is the patch's brightness, the reconstruction is the input, and the first patch is hidden.
  func reconstruct(_ pixels: PixelBatch, ratio: Double, draws: Int) async throws -> Reconstruction {
    try await before()
    let map = means(pixels)
    return Reconstruction(
      rows: pixels.height / description.patchSize, columns: pixels.width / description.patchSize, trueLoss: map, fullVisible: map,
      maskedAverage: map.map { -$0 }, mask: map.indices.map { $0 == 0 ? 1 : 0 }, pixels: pixels.values,
      times: StageTimes(queue: 0, compute: 0))
  }

  private func means(_ pixels: PixelBatch) -> [Float] {
    let side = description.patchSize
    let (rows, columns) = (pixels.height / side, pixels.width / side)
    let plane = pixels.height * pixels.width
    return (0..<pixels.count * rows * columns).map { index in
      let (image, patch) = index.quotientAndRemainder(dividingBy: rows * columns)
      var sum: Float = 0
      for channel in 0..<3 {
        for y in 0..<side {
          let start = (image * 3 + channel) * plane + (patch / columns * side + y) * pixels.width + patch % columns * side
          sum += pixels.values[start..<start + side].reduce(0, +)
        }
      }
      return sum / Float(3 * side * side)
    }
  }
}
