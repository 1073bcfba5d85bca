// Both modules bring `stat`, and the compiler takes either for its owner.
import CArchive
import Glibc

/// What the file system says of a file.
struct FileStatus: Sendable, Hashable {
  /// Tells the file from another of its name.
  let node: UInt64
  let size: Int
  let isFolder: Bool

  private init(_ status: stat) {
    node = UInt64(status.st_ino)
    size = Int(status.st_size)
    isFolder = status.st_mode & S_IFMT == S_IFDIR
  }

  /// Of an open file.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Of what lies at a path, a link as itself.
  init?(path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// A path without links and dots; `nil` where it leads nowhere.
  static func realPath(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }
}
