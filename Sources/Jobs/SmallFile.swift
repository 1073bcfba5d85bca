import Foundation

/// Files that are read whole: the kernel's, and those that a run writes about itself.
enum SmallFile {
  private static let pieceBytes = 64 * 1024

  /// The file's bytes, `nil` where it cannot be read. The kernel's files say 0 bytes of themselves, so they are read to their end.
  static func bytes(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: pieceBytes)
    while true {
      let count = read(descriptor, &piece, pieceBytes)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }

  static func text(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

  /// What is in a folder, in no order; nothing where it cannot be read.
  static func names(in folder: String) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }
}
