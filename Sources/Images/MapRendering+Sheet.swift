extension MapRendering {
  private static let panelGap = 4
  /// Height of a strip's panels at least.
  private static let stripPanelHeight = 224

  /// Pictures of one height side by side, on white; small ones enlarged in whole multiples, pixel by pixel, so that a small model's can be
  /// seen.
  package static func strip(_ panels: [RGBImage]) -> RGBImage { sheet([panels], panelHeight: stripPanelHeight) }

  /// Rows of equally many pictures, all of one size, on white.
  ///
  /// - Parameter panelHeight: in pixels, at least: smaller pictures are shown in whole multiples, pixel by pixel.
  package static func sheet(_ rows: [[RGBImage]], panelHeight: Int) -> RGBImage {
    guard let first = rows.first?.first else { preconditionFailure("a sheet of no panel") }
    precondition(
      rows.allSatisfy { $0.count == rows[0].count && $0.allSatisfy { $0.height == first.height } },
      "a sheet of panels of different heights, or of rows of different lengths")
    let scale = max(1, (panelHeight + first.height - 1) / first.height)
    let width = rows[0].reduce(0) { $0 + $1.width * scale } + panelGap * (rows[0].count - 1)
    precondition(rows.allSatisfy { zip($0, rows[0]).allSatisfy { $0.width == $1.width } }, "a sheet of rows of different widths")
    var pixels: [UInt8] = []
    for (order, panels) in rows.enumerated() {
      if order > 0 { pixels += repeatElement(255, count: 3 * panelGap * width) }
      for y in 0..<first.height { pixels += repeatElement(line(y, of: panels, scale: scale), count: scale).joined() }
    }
    return RGBImage(width: width, height: pixels.count / (3 * width), pixels: pixels)
  }

  /// One line of pixels of a row, enlarged across.
  private static func line(_ y: Int, of panels: [RGBImage], scale: Int) -> [UInt8] {
    var pixels: [UInt8] = []
    for (order, panel) in panels.enumerated() {
      if order > 0 { pixels += repeatElement(255, count: 3 * panelGap) }
      for x in 0..<panel.width {
        let start = (y * panel.width + x) * 3
        for _ in 0..<scale { pixels += panel.pixels[start..<start + 3] }
      }
    }
    return pixels
  }
}
