import Images

/// Turns pictures into a network's numbers with one look-up a byte; the same numbers as ``Normalization/planar(_:)``.
struct PixelPlanes: Sendable {
  /// 256 numbers a channel.
  private let tables: [[Float]]

  init(_ normalization: Normalization) {
    tables = (0..<3).map { channel in
      (0..<256).map { (Float($0) / 255 - normalization.mean[channel]) / normalization.deviation[channel] }
    }
  }

  /// Writes `[3, height, width]`.
  func write(_ image: RGBImage, into numbers: inout MutableSpan<Float>) {
    let count = image.width * image.height
    precondition(numbers.count == 3 * count, "\(numbers.count) numbers for a picture of \(image.width)×\(image.height)")
    image.pixels.withUnsafeBufferPointer { pixels in
      for channel in 0..<3 {
        tables[channel].withUnsafeBufferPointer { table in
          for index in 0..<count { numbers[channel * count + index] = table[Int(pixels[3 * index + channel])] }
        }
      }
    }
  }
}
