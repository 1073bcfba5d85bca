/// Pixels as a network takes them: scaled to 0–1, less a mean, over a deviation, one of each a channel.
package struct Normalization: Hashable, Sendable {
  /// Red, green, blue.
  package let mean: [Float]
  /// Red, green, blue.
  package let deviation: [Float]

  /// ImageNet's, which MAE and HPM use.
  package static let imageNet = Normalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])

  /// The numbers `[3, height, width]` of a picture.
  package func planar(_ image: RGBImage) -> [Float] {
    let count = image.width * image.height
    var tables: [[Float]] = []
    for channel in 0..<3 { tables.append((0..<256).map { (Float($0) / 255 - mean[channel]) / deviation[channel] }) }
    return [Float](unsafeUninitializedCapacity: 3 * count) { buffer, initialized in
      image.pixels.withUnsafeBufferPointer { pixels in
        for channel in 0..<3 {
          tables[channel].withUnsafeBufferPointer { table in
            for index in 0..<count { buffer[channel * count + index] = table[Int(pixels[3 * index + channel])] }
          }
        }
      }
      initialized = 3 * count
    }
  }

  /// The picture that such numbers stand for, clamped to what a pixel can be.
  package func picture(_ values: [Float], width: Int, height: Int) -> RGBImage {
    let count = width * height
    precondition(values.count == 3 * count, "\(values.count) numbers for a picture of \(width)×\(height)")
    var pixels = [UInt8](repeating: 0, count: 3 * count)
    for channel in 0..<3 {
      for index in 0..<count {
        let value = (values[channel * count + index] * deviation[channel] + mean[channel]) * 255
        pixels[3 * index + channel] = UInt8(min(255, max(0, value.rounded())))
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
