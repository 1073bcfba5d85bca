import Foundation
import Images

/// A folder of one test's files, gone with its last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-training-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func bytes(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: file(name)).map { [UInt8]($0) } }

  func text(_ name: String) -> String? { bytes(name).map { String(decoding: $0, as: UTF8.self) } }

  /// What is in it, or in a folder of it.
  func names(in folder: String = ".") throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: file(folder)).sorted() }

  /// Writes a file, with the folders on its way, and gives its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let url = URL(fileURLWithPath: file(name))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }
}

/// Small pictures of which no two are alike.
enum SyntheticImage {
  static func picture(_ index: Int, width: Int = 40, height: Int = 30) -> RGBImage {
    let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* (index + 3) &+ index &* 17 &+ $0 / 7) }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  static func png(_ index: Int, width: Int = 40, height: Int = 30) -> [UInt8] {
    PNGEncoder.encode(picture(index, width: width, height: height))
  }
}
