import Glibc

/// A file without a name, written from front to back; its disk space is free again when the process ends, however it ends.
struct SpoolFile: ~Copyable {
  private let folder: String
  /// -1 until something is appended.
  private var descriptor: Int32 = -1
  private(set) var byteCount = 0

  /// A file in `folder`, made with its first bytes.
  init(in folder: String) { self.folder = folder }

  /// Appends bytes.
  mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ImageSetError) {
    if descriptor < 0 { try create() }
    var done = 0
    while done < bytes.count {
      let written = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(byteCount + done))
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw failure() }
      done += written
    }
    byteCount += done
  }

  private mutating func create() throws(ImageSetError) {
    var name = Array("\(folder)/hpm-spool-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    guard descriptor >= 0, unlink(name) == 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw failure() }
  }

  private func failure() -> ImageSetError { .spoolFailed(path: folder, reason: String(cString: strerror(errno))) }

  /// Forgets what was appended beyond the first `count` bytes.
  mutating func rewind(to count: Int) { byteCount = min(byteCount, count) }

  /// The file for reading, under the name of what it was made of; `nil` where nothing was appended.
  consuming func finished(called path: String) -> ByteFile? {
    guard descriptor >= 0 else { return nil }
    return ByteFile(path: path, descriptor: fcntl(descriptor, F_DUPFD_CLOEXEC, 0), byteCount: byteCount)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
