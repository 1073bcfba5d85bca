package import Images
package import Training

/// What a data set looks like: small squares of some of its images, spread evenly over it so that every part is seen, eight in a row.
package enum DatasetThumbnails {
  private static let greatestCount = 16
  private static let columns = 8
  /// Pixels on a side of a square.
  private static let side = 64

  /// The picture as a PNG file; images that cannot be decoded are left out, and `nil` is the answer where none can.
  package static func png(of images: ImageSet, limits: DecodeLimits) -> [UInt8]? {
    let count = min(images.count, greatestCount)
    let squares = (0..<count).compactMap { square(images, $0 * images.count / count, limits) }
    guard !squares.isEmpty else { return nil }
    let width = min(columns, squares.count)
    let white = RGBImage(width: side, height: side, pixels: [UInt8](repeating: 255, count: side * side * 3))
    let panels = squares + repeatElement(white, count: (width - squares.count % width) % width)
    let rows = stride(from: 0, to: panels.count, by: width).map { Array(panels[$0..<$0 + width]) }
    return PNGEncoder.encode(MapRendering.sheet(rows, panelHeight: side))
  }

  /// The middle of an image.
  private static func square(_ images: ImageSet, _ index: Int, _ limits: DecodeLimits) -> RGBImage? {
    guard let bytes = try? images.bytes(of: index), let image = try? ImageDecoder.decode(bytes, limits: limits).image else { return nil }
    let short = Double(min(image.width, image.height))
    let middle = Region(x: (Double(image.width) - short) / 2, y: (Double(image.height) - short) / 2, width: short, height: short)
    return image.resized(middle, width: side, height: side)
  }
}
