/// An upright picture of 8-bit RGB pixels.
package struct RGBImage: Hashable, Sendable {
  package let width: Int
  package let height: Int
  /// `height · width · 3` bytes, rows top to bottom, red first.
  package let pixels: [UInt8]

  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3, "\(pixels.count) bytes for a picture of \(width)×\(height)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A part of the picture, which must lie in it.
  package func cropped(x: Int, y: Int, width newWidth: Int, height newHeight: Int) -> RGBImage {
    precondition(
      x >= 0 && y >= 0 && newWidth > 0 && newHeight > 0 && x + newWidth <= width && y + newHeight <= height,
      "cropping \(newWidth)×\(newHeight) at (\(x), \(y)) out of \(width)×\(height)")
    var result: [UInt8] = []
    result.reserveCapacity(newWidth * newHeight * 3)
    for row in y..<y + newHeight {
      let start = (row * width + x) * 3
      result += pixels[start..<start + newWidth * 3]
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: result)
  }
}
