import Evaluation
import Images
import Tensors
import Testing

/// How images are brought to a model's size.
@Suite struct ModelSquareTests {
  private func picture(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(width: width, height: height, pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * 7) })
  }

  private func applied(_ square: ModelSquare, _ image: RGBImage) -> RGBImage {
    var random = SplitMix64(seed: 0)
    return square.apply(image, using: &random)
  }

  @Test(arguments: ModelSquare.Fit.allCases) func `an image of the model's size is left as it is`(fit: ModelSquare.Fit) {
    #expect(applied(ModelSquare(size: 32, fit: fit), picture(32, 32)) == picture(32, 32))
  }

  @Test func `any other is cropped as in evaluation, or squashed`() {
    let image = picture(60, 40)
    #expect(applied(ModelSquare(size: 32), image) == EvaluationTransform(size: 32, patchSize: 32).apply(image).pixels)
    #expect(applied(ModelSquare(size: 32, fit: .stretch), image) == image.resized(width: 32, height: 32))
  }
}
