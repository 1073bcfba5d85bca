import Foundation
import Images
import Tensors
import TestSupport

/// What the tests send.
enum Samples {
  static let width = 96
  static let height = 64

  /// A photo's stand-in as a PNG file: a slope of colours, a disc of noise on it.
  static let photo: [UInt8] = {
    var random = SplitMix64(seed: 1)
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let isDisc = (x - 60) * (x - 60) + (y - 30) * (y - 30) < 400
        pixels += isDisc ? (0..<3).map { _ in UInt8(truncatingIfNeeded: random.next()) } : [UInt8(x * 2), UInt8(y * 3), 90]
      }
    }
    return PNGEncoder.encode(RGBImage(width: width, height: height, pixels: pixels))
  }()

  /// A folder of the test's own with `photo.jpg` in it (a PNG: the first bytes decide, not the name), gone afterwards.
  static func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(photo).write(to: folder.appendingPathComponent("photo.jpg"))
    try await body(folder)
  }

  /// The arguments that name one of the small reference networks; its heads no shape tells.
  static func model(_ file: String) -> [String] {
    ["--model", Fixtures.file("tiny/\(file)").path, "--heads", "3", "--decoder-heads", "2"]
  }

  /// The four normalised images of the reference, as a path.
  static let images = Fixtures.file("tiny/images.npy").path

  /// A reference array of floats.
  static func golden(_ name: String) throws -> [Float] {
    try NumPyFile.parse(bytes(Fixtures.file("tiny/\(name).npy").path)).floats ?? []
  }

  static func bytes(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) }
}
