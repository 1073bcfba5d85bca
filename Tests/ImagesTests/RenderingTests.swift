import Images
import Testing

@Suite struct RenderingTests {
  private let map = PatchMap(rows: 2, columns: 3, values: [0, 1, 2, 3, 4, 5])

  @Test func `a heat map's lowest patch is the map's low end and its highest the high end`() {
    let picture = MapRendering(colorMap: .jet).heatmap(map, width: 30, height: 20)
    #expect(Array(picture.pixels.prefix(3)) == [0, 0, 128])
    #expect(Array(picture.pixels.suffix(3)) == [128, 0, 0])
    // Every pixel of a patch is of one colour.
    let blues = (0..<10).flatMap { y in (0..<10).map { x in picture.pixels[(y * 30 + x) * 3 + 2] } }
    #expect(Set(blues).count == 1)
  }

  @Test func `a constant map is drawn, in the middle of its colours`() {
    let flat = PatchMap(rows: 1, columns: 2, values: [3, 3])
    #expect(MapRendering(colorMap: .gray).heatmap(flat, width: 4, height: 2).pixels.allSatisfy { $0 == 128 })
  }

  @Test func `bicubic interpolation passes through the centres and stays between`() {
    let rendering = MapRendering(colorMap: .gray, interpolation: .bicubic)
    let picture = rendering.heatmap(map, width: 9, height: 6)
    #expect(picture.pixels[(1 * 9 + 1) * 3] < 40 && picture.pixels[(4 * 9 + 7) * 3] > 215)
  }

  @Test func `an overlay of no opacity is the picture and of full opacity the heat map`() {
    let picture = RGBImage(width: 6, height: 4, pixels: (0..<72).map { UInt8($0) })
    #expect(MapRendering(opacity: 0).overlay(map, on: picture) == picture)
    #expect(MapRendering(opacity: 1).overlay(map, on: picture) == MapRendering().heatmap(map, width: 6, height: 4))
  }

  @Test func `a mask is white where it hides, and hides the picture in grey`() {
    let mask = MapRendering.mask([1, 0, 0, 1], rows: 2, columns: 2, scale: 2)
    #expect(mask.width == 4 && mask.height == 4)
    #expect((0..<16).map { mask.pixels[3 * $0] } == [255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 255, 255])
    let picture = RGBImage(width: 4, height: 4, pixels: [UInt8](repeating: 9, count: 48))
    #expect(
      MapRendering.masked([1, 0, 0, 1], rows: 2, columns: 2, on: picture).pixels.prefix(9) == [128, 128, 128, 128, 128, 128, 9, 9, 9])
  }

  @Test func `a strip sets panels side by side, small ones enlarged in whole multiples`() {
    let row: [UInt8] = [5, 6, 7, 8, 9, 10]
    let panel = RGBImage(width: 2, height: 100, pixels: (0..<100).flatMap { _ in row })
    let strip = MapRendering.strip([panel, panel])
    #expect(strip.width == 6 + 4 + 6 && strip.height == 300)
    let enlarged: [UInt8] = [5, 6, 7, 5, 6, 7, 5, 6, 7, 8, 9, 10, 8, 9, 10, 8, 9, 10]
    let line = enlarged + [UInt8](repeating: 255, count: 12) + enlarged
    #expect(strip.pixels == (0..<300).flatMap { _ in line })
    let tall = RGBImage(width: 1, height: 224, pixels: [UInt8](repeating: 3, count: 672))
    #expect(MapRendering.strip([tall]) == tall)
  }

  @Test func `a sheet sets rows below one another`() {
    let panel = RGBImage(width: 1, height: 1, pixels: [5, 6, 7])
    let sheet = MapRendering.sheet([[panel], [panel]], panelHeight: 2)
    #expect(sheet.width == 2 && sheet.height == 2 + 4 + 2)
    let row: [UInt8] = [5, 6, 7, 5, 6, 7, 5, 6, 7, 5, 6, 7]
    #expect(sheet.pixels == row + [UInt8](repeating: 255, count: 24) + row)
  }

  @Test(arguments: ColorMap.allCases)
  func `each colour map has 256 colours`(map: ColorMap) {
    #expect(map.table.count == 768)
  }

  @Test func `a PNG comes back as it was`() throws {
    let picture = RGBImage(width: 5, height: 7, pixels: (0..<105).map { UInt8($0 * 2) })
    let file = PNGEncoder.encode(picture)
    #expect(file == PNGEncoder.encode(picture))
    #expect(try ImageDecoder.decode(file).image == picture)
  }

  @Test func `flipped bytes of a PNG throw or decode, and never trap`() {
    let file = PNGEncoder.encode(RGBImage(width: 16, height: 16, pixels: (0..<768).map { UInt8($0 % 251) }))
    for index in file.indices {
      var broken = file
      broken[index] ^= 0xFF
      _ = try? ImageDecoder.decode(broken)
      _ = try? ImageDecoder.decode(Array(file.prefix(index)))
    }
  }

  @Test func `more pixels than allowed are refused before they are decoded`() {
    let file = PNGEncoder.encode(RGBImage(width: 10, height: 10, pixels: [UInt8](repeating: 0, count: 300)))
    #expect(throws: ImageError.tooManyPixels(.png, limit: 99)) { try ImageDecoder.decode(file, limits: DecodeLimits(maximumPixels: 99)) }
  }
}
