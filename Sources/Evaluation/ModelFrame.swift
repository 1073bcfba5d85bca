package import Images
package import Tensors
package import Training

/// Evaluation's preprocessing: an image that has the model's size as it is, any other as `fit` says (``EvaluationTransform`` for squares).
package struct ModelFrame: ImageTransform, Hashable {
  /// What becomes of an image of another size.
  package enum Fit: String, CaseIterable, Sendable {
    /// The short side to `int(size / 0.875)`, the middle of it: 256 and 224 for models of 224 pixels. For another shape than the square,
    /// the whole just large enough to cover the model's size / 0.875, the middle of it.
    case crop
    /// The whole image squashed to the model's size.
    case stretch
  }

  /// Of the model's size, the share of what the middle is taken from.
  private static let shareShown = 0.875

  package let size: ImageSize
  package let fit: Fit

  package init(size: ImageSize, fit: Fit = .crop) {
    self.size = size
    self.fit = fit
  }

  package func apply(_ image: RGBImage, using generator: inout SplitMix64) -> RGBImage {
    guard image.width != size.width || image.height != size.height else { return image }
    if fit == .stretch { return image.resized(width: size.width, height: size.height) }
    guard size.isSquare else { return middle(of: image) }
    return EvaluationTransform(size: size.width, patchSize: size.width).apply(image).pixels
  }

  /// The middle of an image in the model's shape, without the margin.
  private func middle(of image: RGBImage) -> RGBImage {
    image.resized(middleRegion(of: image), width: size.width, height: size.height)
  }

  /// The part of an image that ``Fit/crop`` takes for another shape than the square.
  func middleRegion(of image: RGBImage) -> Region {
    let (width, height) = (Double(image.width), Double(image.height))
    // Pixels of the image under one of the model's.
    let step = min(width / Double(size.width), height / Double(size.height)) * Self.shareShown
    let (across, down) = (Double(size.width) * step, Double(size.height) * step)
    return Region(x: (width - across) / 2, y: (height - down) / 2, width: across, height: down)
  }
}
