/// Maps and masks as pictures.
package struct MapRendering: Sendable {
  package var colorMap: ColorMap
  package var interpolation: Interpolation
  /// Of a heat map over a picture, 0 to 1.
  package var opacity: Double

  /// Masked patches in the view `masked`.
  private static let maskedGray: UInt8 = 128

  package init(colorMap: ColorMap = .jet, interpolation: Interpolation = .nearest, opacity: Double = 0.5) {
    self.colorMap = colorMap
    self.interpolation = interpolation
    self.opacity = opacity
  }

  /// The heat map alone, its lowest value at the colour map's low end.
  package func heatmap(_ map: PatchMap, width: Int, height: Int) -> RGBImage {
    let shades = MapSampling(map, interpolation: interpolation).sample(width: width, height: height)
    let table = colorMap.table
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      for (index, shade) in shades.enumerated() {
        let entry = 3 * Int(min(255, max(0, shade * 256)))
        for channel in 0..<3 { buffer[3 * index + channel] = table[entry + channel] }
      }
      count = width * height * 3
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// The heat map laid over the picture of the region it covers.
  package func overlay(_ map: PatchMap, on picture: RGBImage) -> RGBImage {
    let heat = heatmap(map, width: picture.width, height: picture.height)
    let pixels = zip(heat.pixels, picture.pixels).map { hot, under in
      UInt8((opacity * Double(hot) + (1 - opacity) * Double(under)).rounded())
    }
    return RGBImage(width: picture.width, height: picture.height, pixels: pixels)
  }

  /// White where a patch is masked, black where it is visible; `scale` pixels a patch.
  package static func mask(_ values: [UInt8], rows: Int, columns: Int, scale: Int) -> RGBImage {
    drawn(values, rows: rows, columns: columns, width: columns * scale, height: rows * scale) { _, isMasked in isMasked ? 255 : 0 }
  }

  /// The picture of the region with its masked patches grey.
  package static func masked(_ values: [UInt8], rows: Int, columns: Int, on picture: RGBImage) -> RGBImage {
    drawn(values, rows: rows, columns: columns, width: picture.width, height: picture.height) { index, isMasked in
      isMasked ? maskedGray : picture.pixels[index]
    }
  }

  /// Each byte as `shade` says of its index and whether the patch under it is masked.
  private static func drawn(
    _ values: [UInt8], rows: Int, columns: Int, width: Int, height: Int, _ shade: (Int, Bool) -> UInt8
  ) -> RGBImage {
    precondition(values.count == rows * columns, "\(values.count) values for a mask of \(rows)×\(columns)")
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        let patch = MapSampling.cell(y, of: height, among: rows) * columns + MapSampling.cell(x, of: width, among: columns)
        let start = (y * width + x) * 3
        for index in start..<start + 3 { pixels[index] = shade(index, values[patch] == 1) }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
