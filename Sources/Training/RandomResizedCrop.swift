import Glibc
package import Images
package import Tensors

/// A random part of an image, brought to one size: torchvision's `RandomResizedCrop` with Pillow's antialiased bicubic filter.
///
/// Numbers are drawn in this order: up to ten times an area and an aspect, until a box of both fits; then its top and its left. An area is
/// uniform in `scale` (a share of the image's), an aspect in the logarithms of `ratio`. Where no box fits: the largest in the middle whose
/// aspect lies in `ratio`, without further draws.
package struct RandomResizedCrop: Hashable, Sendable {
  /// Of the result.
  package var size: ImageSize
  /// The box's share of the image's area.
  package var scale: ClosedRange<Double>
  /// The box's width over its height.
  package var ratio: ClosedRange<Double>

  private static let tries = 10

  package init(size: ImageSize, scale: ClosedRange<Double> = 0.2...1, ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3) {
    precondition(size.pixelCount > 0 && scale.lowerBound > 0 && ratio.lowerBound > 0, "a crop to \(size) of scale \(scale), ratio \(ratio)")
    self.size = size
    self.scale = scale
    self.ratio = ratio
  }

  /// A crop to a square of that side.
  package init(size side: Int, scale: ClosedRange<Double> = 0.2...1, ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3) {
    self.init(size: ImageSize(square: side), scale: scale, ratio: ratio)
  }

  /// Draws the box for an image of that size.
  package func box(width: Int, height: Int, using generator: inout SplitMix64) -> PixelBox {
    let logarithms = (low: log(ratio.lowerBound), high: log(ratio.upperBound))
    for _ in 0..<Self.tries {
      let share = scale.lowerBound + generator.nextUnitDouble() * (scale.upperBound - scale.lowerBound)
      let aspect = exp(logarithms.low + generator.nextUnitDouble() * (logarithms.high - logarithms.low))
      let area = Double(width) * Double(height) * share
      let boxWidth = Int((area * aspect).squareRoot().rounded(.toNearestOrEven))
      let boxHeight = Int((area / aspect).squareRoot().rounded(.toNearestOrEven))
      guard boxWidth > 0, boxWidth <= width, boxHeight > 0, boxHeight <= height else { continue }
      let top = generator.nextInteger(below: height - boxHeight + 1)
      let left = generator.nextInteger(below: width - boxWidth + 1)
      return PixelBox(left: left, top: top, width: boxWidth, height: boxHeight)
    }
    return middle(width: width, height: height)
  }

  private func middle(width: Int, height: Int) -> PixelBox {
    let aspect = Double(width) / Double(height)
    var (boxWidth, boxHeight) = (width, height)
    if aspect < ratio.lowerBound {
      boxHeight = Int((Double(width) / ratio.lowerBound).rounded(.toNearestOrEven))
    } else if aspect > ratio.upperBound {
      boxWidth = Int((Double(height) * ratio.upperBound).rounded(.toNearestOrEven))
    }
    boxWidth = min(max(boxWidth, 1), width)
    boxHeight = min(max(boxHeight, 1), height)
    return PixelBox(left: (width - boxWidth) / 2, top: (height - boxHeight) / 2, width: boxWidth, height: boxHeight)
  }

  /// The box alone, resized: pixels outside it do not enter, as torchvision crops first.
  package func crop(_ image: RGBImage, to box: PixelBox) -> RGBImage {
    image.cropped(x: box.left, y: box.top, width: box.width, height: box.height).resized(width: size.width, height: size.height)
  }
}
