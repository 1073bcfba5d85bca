package import Images
package import Tensors

/// What makes an image of a model's size out of one of any size.
package protocol ImageTransform: Sendable {
  /// S: results are S×S pixels.
  var size: Int { get }

  /// All chance comes from `generator`.
  func apply(_ image: RGBImage, using generator: inout SplitMix64) -> RGBImage
}

/// Evaluation's preprocessing (``EvaluationTransform``), which knows no chance.
package struct CenterCrop: ImageTransform {
  package let size: Int

  package init(size: Int) { self.size = size }

  package func apply(_ image: RGBImage, using generator: inout SplitMix64) -> RGBImage {
    EvaluationTransform(size: size, patchSize: size).apply(image).pixels
  }
}
