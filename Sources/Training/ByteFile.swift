import Glibc

/// An open regular file, read at explicit offsets; closed with its last reference.
final class ByteFile: Sendable {
  let path: String
  let byteCount: Int
  let descriptor: Int32

  init(path: String) throws(ImageSetError) {
    self.path = path
    descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(path: path, reason: "it is no regular file")
    }
    byteCount = Int(status.st_size)
  }

  /// Takes over a descriptor whose file holds `byteCount` bytes.
  init(path: String, descriptor: Int32, byteCount: Int) {
    self.path = path
    self.descriptor = descriptor
    self.byteCount = byteCount
  }

  deinit { close(descriptor) }

  /// `count` bytes from `offset`; the caller has bounded the count.
  func bytes(at offset: Int, count: Int) throws(ImageSetError) -> [UInt8] {
    var failure: ImageSetError?
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let read = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if read < 0 && errno == EINTR { continue }
        guard read > 0 else {
          failure = read == 0 ? .truncated(path: path) : .unreadable(path: path, reason: String(cString: strerror(errno)))
          return
        }
        filled += read
      }
    }
    if let failure { throw failure }
    return result
  }
}
