import Evaluation
import Foundation
import Kernels
import Tensors
import TestSupport
import Testing
import Training
import VisionModels

/// Encoders of files that hold no more.
@Suite struct EvaluatedEncoderTests {
  private func opened(_ file: String, heads: Int) throws -> EvaluatedEncoder {
    var reading = EvaluatedCheckpoint.Reading()
    reading.heads = heads
    return try EvaluatedEncoder(Fixtures.file(file).path, reading)
  }

  private func array(_ name: String) throws -> [Float] {
    try #require(NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.file("\(name).npy")))).floats)
  }

  @Test(arguments: [("timm.pth", "timm", 32), ("dino-full.pth", "dino", 16), ("clip.pt", "clip", 24)])
  func `a tower's tokens are features`(file: String, golden: String, width: Int) throws {
    let encoder = try opened("towers/\(file)", heads: 2)
    #expect(encoder.imageSize == ImageSize(square: 16))
    let tower = try encoder.tower(OneDNNOperations(precision: .float32, threads: 2))
    #expect(tower.tokenWidth == width)
    let images = try array("towers/images")
    let found = try tower.tokens(images.span, images: 2)
    let expected = try array("towers/\(golden)")
    #expect(found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func `a masked autoencoder's encoder gives the tokens that the whole model gives`() throws {
    var reading = EvaluatedCheckpoint.Reading()
    (reading.heads, reading.decoderHeads) = (3, 2)
    let operations = try OneDNNOperations(precision: .float32, threads: 2)
    let path = Fixtures.file("tiny/hpm.pth").path
    let model = try EvaluatedCheckpoint(path, reading).model(operations)
    let tower = try opened("tiny/hpm.pth", heads: 3).tower(operations)
    let images = try array("tiny/images")
    let (found, expected) = (try tower.tokens(images.span, images: 4), try model.tokens(images.span, images: 4))
    #expect(found.count == 4 * 37 * 48 && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
  }
}
