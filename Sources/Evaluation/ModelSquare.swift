package import Images
package import Tensors
import Training

/// Evaluation's preprocessing: an image that has the model's size as it is, any other as `fit` says (``EvaluationTransform``).
package struct ModelSquare: ImageTransform, Hashable {
  /// What becomes of an image of another size.
  package enum Fit: String, CaseIterable, Sendable {
    /// The short side to `int(size / 0.875)`, the middle of it: 256 and 224 for models of 224 pixels.
    case crop
    /// The whole image squashed to the square.
    case stretch
  }

  package let size: Int
  package let fit: Fit

  package init(size: Int, fit: Fit = .crop) {
    self.size = size
    self.fit = fit
  }

  package func apply(_ image: RGBImage, using generator: inout SplitMix64) -> RGBImage {
    guard image.width != size || image.height != size else { return image }
    return EvaluationTransform(size: size, patchSize: size, fit: fit == .crop ? .crop : .stretch).apply(image).pixels
  }
}
