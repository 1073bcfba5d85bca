package import Kernels
package import Masking
import Tensors
import Training
package import VisionModels

/// Compares the losses a model predicts with those it makes (HPM, figure 2), image by image.
///
/// Belongs to the thread of the model's operations.
package struct PredictorEvaluation<Operations: OperationSet> {
  private let model: HardPatchModel<Operations>
  private let targets: PixelTargets
  private let settings: PredictorSettings
  private let views: [PatchMask]

  /// - Parameter model: whose reconstructor is loaded.
  /// - Parameter targets: what it was trained to reconstruct.
  package init(_ model: HardPatchModel<Operations>, targets: PixelTargets, _ settings: PredictorSettings) throws(MaskError) {
    self.model = model
    self.targets = targets
    self.settings = settings
    views = try BalancedDraws.masks(grid: model.configuration.grid, ratio: settings.ratio, draws: settings.draws)
  }

  /// Examines every image of the stream, in order.
  package func examine(_ stream: ImageStream, _ body: (ExaminedImage) throws -> Void) throws {
    let length = model.configuration.grid.count * model.configuration.patchLength
    var index = 0
    try stream.forEachBatch(of: Self.imagesPerBatch) { batch, places in
      let pixels = batch.withPixels { span in span.withUnsafeBufferPointer { Array($0) } }
      for place in places {
        try body(examine(Array(pixels[place * length..<(place + 1) * length]), index: index))
        index += 1
      }
    }
  }

  private static var imagesPerBatch: Int { 16 }

  /// Examines one image.
  ///
  /// - Parameter image: `[C, rows · P, columns · P]`, normalised.
  /// - Parameter index: keys the image's random masks, together with the seed.
  package func examine(_ image: [Float], index: Int) throws -> ExaminedImage {
    let (configuration, grid) = (model.configuration, model.configuration.grid)
    let masks = try masks(of: index)
    let figure = try model.figure(of: image, masks: masks, targets: targets)
    let predicts = model.hasLossPredictor
    return ExaminedImage(
      grid: grid, patchSize: configuration.patchSize, pixels: image, mask: masks[0], reconstruction: figure.pixels,
      trueLoss: figure.trueLoss, fullVisible: predicts ? try model.fullVisibleMaps(image, grid: grid) : nil,
      maskedAverage: predicts ? try model.maskedAverageMaps(image, masks: views) : nil, maskCount: masks.count,
      isKnown: (0..<grid.count).map { patch in masks.contains { $0.values[patch] == 1 } }, hiddenTruth: figure.hiddenTruth,
      hiddenPrediction: figure.hiddenPrediction)
  }

  /// The random masks of an image: mask m of image i is drawn with the seed k(k(seed, i), m), where k is ``SplitMix64/key(seed:index:)``.
  private func masks(of index: Int) throws -> [PatchMask] {
    let seed = SplitMix64.key(seed: settings.seed, index: index)
    return try (0..<settings.masks).map { draw in
      try MaskDrawing(strategy: .random, ratio: settings.ratio, seed: SplitMix64.key(seed: seed, index: draw))
        .draw(grid: model.configuration.grid)
    }
  }
}

/// How predicted losses are compared with true ones.
package struct PredictorSettings: Hashable, Sendable {
  /// Random masks over which the true loss is averaged.
  package var masks: Int
  /// Masks of mode `masked_average` (``BalancedDraws``).
  package var draws: Int
  /// γ of both.
  package var ratio: Double
  /// Of the random masks.
  package var seed: UInt64

  package init(masks: Int = 10, draws: Int = 8, ratio: Double = 0.75, seed: UInt64 = 0) {
    precondition(masks > 0 && draws > 0, "\(masks) masks and \(draws) draws")
    self.masks = masks
    self.draws = draws
    self.ratio = ratio
    self.seed = seed
  }
}
