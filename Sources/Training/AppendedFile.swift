import Glibc

/// A file that grows by whole pieces; for one writer at a time.
final class AppendedFile {
  let path: String
  private let descriptor: Int32

  /// Opens the file, made where it is missing.
  init(_ path: String) throws(RunError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw RunError(path, cannot: "open the file", number: errno) }
  }

  deinit { close(descriptor) }

  func append(_ bytes: [UInt8]) throws(RunError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw RunError(path, cannot: "write the file", number: errno) }
      done += count
    }
  }

  /// Returns when all that was appended is on disk.
  func synchronize() throws(RunError) {
    guard fsync(descriptor) == 0 else { throw RunError(path, cannot: "synchronize the file", number: errno) }
  }
}
