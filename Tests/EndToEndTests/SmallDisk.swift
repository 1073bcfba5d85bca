import Foundation
import TestSupport

/// A file system of a few megabytes in memory, which can be filled to its last byte; gone with its last reference.
final class SmallDisk: Sendable {
  let path: String

  init(megabytes: Int) async throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-disk-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let mounted = try await Outcome(of: ["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "hpm-tests", path])
    guard mounted.status == 0 else {
      try FileManager.default.removeItem(atPath: path)
      throw LoopbackClient.Failure("no disk could be mounted: \(mounted.errors)")
    }
  }

  deinit {
    let unmount = try? ChildProcess(["umount", "--lazy", path])
    _ = unmount?.outcome()
    rmdir(path)
  }

  /// Whether this process may mount one; tests that need one are skipped where it may not.
  static func isAvailable() async -> Bool { (try? await SmallDisk(megabytes: 1)) != nil }

  private var ballast: String { path + "/ballast" }

  /// Takes all room that there is, but for so many bytes.
  func fill(leaving bytes: Int = 0) throws {
    let descriptor = open(ballast, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    defer { close(descriptor) }
    for count in [1 << 16, 1 << 12, 1] {
      let piece = [UInt8](repeating: 0, count: count)
      while write(descriptor, piece, count) == count {}
    }
    if bytes > 0 { ftruncate(descriptor, max(0, lseek(descriptor, 0, SEEK_END) - off_t(bytes))) }
  }

  /// Gives the room back.
  func empty() { unlink(ballast) }
}
