import Glibc

/// An open file, read at explicit offsets in bounded pieces; closed with its last reference.
final class CheckpointFile: Sendable {
  let byteCount: Int
  private let descriptor: Int32

  init(path: String) throws(FormatError) {
    // Without O_NONBLOCK, opening a named pipe waits for a writer.
    descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw FormatError("the file cannot be opened: \(String(cString: strerror(errno)))") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FormatError("it is not a regular file")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Whether `count` bytes from `offset` lie in the file.
  func contains(offset: Int, count: Int) -> Bool { offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset }

  /// `count` bytes at `offset`; the caller has bounded the count.
  func bytes(at offset: Int, count: Int) throws(FormatError) -> [UInt8] {
    guard contains(offset: offset, count: count) else {
      throw FormatError("\(count) bytes are needed at byte \(offset), but the file has \(byteCount); it is truncated")
    }
    var result = [UInt8](repeating: 0, count: count)
    var failure: FormatError?
    result.withUnsafeMutableBytes { buffer in
      do throws(FormatError) { try fill(buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
    return result
  }

  /// Fills `buffer` from `offset`.
  func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FormatError) {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress?.advanced(by: done), min(buffer.count - done, 16 << 20), off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FormatError("reading at byte \(offset + done) failed: \(String(cString: strerror(errno)))") }
      guard count > 0 else {
        throw FormatError("the file ends at byte \(offset + done), \(buffer.count - done) bytes too early; it is truncated")
      }
      done += count
    }
  }
}
