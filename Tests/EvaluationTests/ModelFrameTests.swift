import Evaluation
import Images
import Tensors
import Testing
import Training

/// How images are brought to a model's size.
@Suite struct ModelFrameTests {
  private func picture(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(width: width, height: height, pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * 7) })
  }

  private func applied(_ frame: ModelFrame, _ image: RGBImage) -> RGBImage {
    var random = SplitMix64(seed: 0)
    return frame.apply(image, using: &random)
  }

  @Test(arguments: ModelFrame.Fit.allCases) func `an image of the model's size is left as it is`(fit: ModelFrame.Fit) {
    #expect(applied(ModelFrame(size: ImageSize(square: 32), fit: fit), picture(32, 32)) == picture(32, 32))
  }

  @Test func `any other is cropped as in evaluation, or squashed`() {
    let image = picture(60, 40)
    #expect(applied(ModelFrame(size: ImageSize(square: 32)), image) == EvaluationTransform(size: 32, patchSize: 32).apply(image).pixels)
    #expect(applied(ModelFrame(size: ImageSize(square: 32), fit: .stretch), image) == image.resized(width: 32, height: 32))
  }

  @Test func `for a model of another shape the middle of that shape is taken, a margin of an eighth left out`() {
    let frame = ModelFrame(size: ImageSize(height: 16, width: 32))
    let taken = applied(frame, picture(64, 64))
    #expect(taken.width == 32 && taken.height == 16)
    // 64 pixels wide, 56 of them shown, so 28 high.
    #expect(taken == picture(64, 64).resized(Region(x: 4, y: 18, width: 56, height: 28), width: 32, height: 16))
    #expect(applied(ModelFrame(size: ImageSize(height: 16, width: 32), fit: .stretch), picture(9, 70)).height == 16)
  }
}
