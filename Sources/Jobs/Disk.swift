import Glibc

/// The disk that the home is on.
enum Disk {
  static let fullSentence = "The disk of the server's home folder (--home) is full; make room on it."

  /// The system's own for it, which programs repeat.
  static let fullWords = String(cString: strerror(ENOSPC))

  /// With fewer bytes free than this nothing of use can be written.
  private static let leastBytes = 1 << 16

  /// Whether the system's number says that a disk, or somebody's share of it, is full.
  static func isFull(_ number: Int32) -> Bool { number == ENOSPC || number == EDQUOT }

  static func isFull(at path: String) -> Bool { freeBytes(at: path).map { $0 < leastBytes } ?? false }

  /// Bytes that may still be written at a path; `nil` where the system does not say.
  static func freeBytes(at path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let (bytes, isBeyond) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return isBeyond ? .max : Int(clamping: bytes)
  }

  /// Bytes of the files at and below a path, links counted as themselves.
  static func bytes(of path: String) -> Int {
    guard let status = FileStatus(path: path) else { return 0 }
    guard status.isFolder else { return status.size }
    return SmallFile.names(in: path).reduce(0) { $0 + bytes(of: "\(path)/\($1)") }
  }
}
