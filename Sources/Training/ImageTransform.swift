package import Images
package import Tensors

/// What makes an image of a model's size out of one of any size.
package protocol ImageTransform: Sendable {
  /// What results have.
  var size: ImageSize { get }

  /// All chance comes from `generator`.
  func apply(_ image: RGBImage, using generator: inout SplitMix64) -> RGBImage
}

/// Evaluation's preprocessing (``EvaluationTransform``), which knows no chance.
package struct CenterCrop: ImageTransform {
  package let size: ImageSize
  private let side: Int

  package init(size side: Int) {
    self.side = side
    size = ImageSize(square: side)
  }

  package func apply(_ image: RGBImage, using generator: inout SplitMix64) -> RGBImage {
    EvaluationTransform(size: side, patchSize: side).apply(image).pixels
  }
}
