import Images
import Tensors
import Training

/// A mined image as the model takes it.
struct FramedImage: Sendable {
  /// Of the image itself, upright.
  let width: Int
  let height: Int
  /// `[3, height, width]` of the model's size, normalised.
  let values: [Float]
}

/// The service's preprocessing (``EvaluationTransform``), so that an image has the losses here that `/predict-loss` and `/reconstruct` tell
/// of it; for models that were not trained on squares, which they do not cut images for, that of ``ModelFrame``.
struct MiningFrame: Hashable, Sendable {
  let frame: ModelFrame
  /// P.
  let patchSize: Int

  private var size: ImageSize { frame.size }

  private var transform: EvaluationTransform {
    EvaluationTransform(size: size.width, patchSize: patchSize, fit: frame.fit == .crop ? .crop : .stretch)
  }

  func framed(_ image: RGBImage) -> FramedImage {
    var noChance = SplitMix64(seed: 0)
    let pixels = size.isSquare ? transform.apply(image).pixels : frame.apply(image, using: &noChance)
    return FramedImage(width: image.width, height: image.height, values: Normalization.imageNet.planar(pixels))
  }

  /// The part of an image that the model sees, in the image's own pixels, at most `side` pixels long.
  func shown(_ image: RGBImage, side: Int) -> RGBImage {
    let whole = Region(x: 0, y: 0, width: Double(image.width), height: Double(image.height))
    let isWhole = frame.fit == .stretch || (!size.isSquare && image.width == size.width && image.height == size.height)
    let region = isWhole ? whole : size.isSquare ? transform.apply(image).region : frame.middleRegion(of: image)
    let scale = Double(side) / Double(max(size.width, size.height))
    return image.resized(
      region, width: max(1, Int(Double(size.width) * scale)), height: max(1, Int(Double(size.height) * scale)))
  }
}
