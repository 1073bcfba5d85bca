import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Resizing and cropping beside what torchvision and Pillow make of the same files.
@Suite(.enabled(if: Fixtures.hasShared, "the shared reference files are not beside this clone"))
struct PreprocessTests {
  private struct Entry: Decodable {
    struct Box: Decodable { let top, left, height, width: Int }
    let file: String
    let width, height: Int
    let randomCropBox: Box
  }

  private func entries() throws -> [Entry] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode([Entry].self, from: Data(contentsOf: Fixtures.shared("reference/preprocess/index.json")))
  }

  private func expectSame(_ image: RGBImage, as name: String, exactly: Bool) throws {
    let golden = try NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.shared("reference/preprocess/\(name).npy"))))
    let expected = try #require(golden.unsignedBytes)
    #expect(golden.shape == [image.height, image.width, 3])
    let differences = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }
    let worst = differences.max() ?? 255
    let mean = Double(differences.reduce(0, +)) / Double(differences.count)
    #expect(exactly ? worst == 0 : worst <= 2 && mean < 0.2, "\(name): worst \(worst), mean \(mean)")
  }

  @Test func `crops, stretches and resized boxes equal torchvision's`() throws {
    for (index, entry) in try entries().enumerated() {
      let bytes = try [UInt8](Data(contentsOf: Fixtures.shared("reference/preprocess/\(entry.file)")))
      let decoded = try ImageDecoder.decode(bytes)
      #expect(decoded.image.width == entry.width && decoded.image.height == entry.height, "\(entry.file)")
      let exactly = decoded.format != .jpeg
      for size in [224, 96] {
        let crop = EvaluationTransform(size: size, patchSize: 16).apply(decoded.image)
        try expectSame(crop.pixels, as: "\(index).crop\(size)", exactly: exactly)
      }
      let stretch = EvaluationTransform(size: 224, patchSize: 16, fit: .stretch).apply(decoded.image)
      try expectSame(stretch.pixels, as: "\(index).stretch224", exactly: exactly)
      let box = entry.randomCropBox
      let part = decoded.image.cropped(x: box.left, y: box.top, width: box.width, height: box.height)
      try expectSame(part.resized(width: 128, height: 128), as: "\(index).randomcrop128", exactly: exactly)
    }
  }
}

@Suite struct TransformTests {
  private func flat(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(width: width, height: height, pixels: [UInt8](repeating: 7, count: width * height * 3))
  }

  @Test func `the region of the contract's example is the contract's`() {
    let prepared = EvaluationTransform(size: 224, patchSize: 16).apply(flat(640, 427))
    func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
    #expect(rounded(prepared.region.x) == 133.68 && rounded(prepared.region.y) == 26.69)
    #expect(rounded(prepared.region.width) == 374.31 && rounded(prepared.region.height) == 373.63)
    #expect(prepared.rows == 14 && prepared.columns == 14)
  }

  @Test(arguments: [(640, 427, 512, 21, 32), (100, 1000, 512, 32, 3), (3, 3, 512, 1, 1), (2000, 1, 1024, 1, 64)])
  func `native keeps the aspect in whole patches`(width: Int, height: Int, maximum: Int, rows: Int, columns: Int) {
    let prepared = EvaluationTransform(size: 224, patchSize: 16, fit: .native(maximumSide: maximum)).apply(flat(width, height))
    #expect(prepared.rows == rows && prepared.columns == columns)
    #expect(prepared.pixels.width == 16 * columns && prepared.pixels.height == 16 * rows)
    #expect(prepared.region == Region(x: 0, y: 0, width: Double(width), height: Double(height)))
  }

  @Test func `an image of one pixel and one very long prepare`() {
    for image in [flat(1, 1), flat(1, 20_000), flat(30_000, 2)] {
      let prepared = EvaluationTransform(size: 32, patchSize: 4).apply(image)
      #expect(prepared.pixels.pixels.allSatisfy { $0 == 7 })
    }
  }

  @Test func `normalised pixels come back as they were`() {
    let image = RGBImage(width: 16, height: 16, pixels: (0..<768).map { UInt8($0 % 256) })
    let values = Normalization.imageNet.planar(image)
    #expect(abs(values[0] - (0 - 0.485) / 0.229) < 1e-6)
    #expect(Normalization.imageNet.picture(values, width: 16, height: 16) == image)
  }
}
