import Glibc
import Synchronization

/// A regular file that is open for reading, as it was when it was opened.
final class OpenFile: Sendable {
  /// The file became shorter while it was sent, or could not be read.
  struct ReadFailure: Error {}

  let size: Int
  /// Strong: made of inode, size and modification time in nanoseconds.
  let tag: String
  /// `Last-Modified`.
  let modified: String
  private let descriptor: Int32

  /// Takes the descriptor over; `nil`, and closed, where it is no regular file.
  init?(descriptor: Int32) {
    self.descriptor = descriptor
    var status = stat()
    let isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    size = isRegular ? Int(status.st_size) : 0
    let words = [Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    tag = "\"" + words.map { String($0, radix: 36) }.joined(separator: "-") + "\""
    modified = CalendarDate.text(secondsSince1970: status.st_mtim.tv_sec)
    // A failing initialiser of a class still runs deinit, which closes.
    guard isRegular else { return nil }
  }

  deinit { Glibc.close(descriptor) }

  func read(_ range: Range<Int>) throws(ReadFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var filled = 0
    while filled < range.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress.map { $0 + filled }, range.count - filled, off_t(range.lowerBound + filled))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw ReadFailure() }
      filled += count
    }
    return bytes
  }
}

/// How far a file has been read.
final class FilePosition: Sendable {
  private let rest: Mutex<Range<Int>>

  init(_ range: Range<Int>) { rest = Mutex(range) }

  func next(atMost count: Int) -> Range<Int>? {
    rest.withLock { rest in
      guard !rest.isEmpty else { return nil }
      let piece = rest.prefix(count)
      rest = piece.endIndex..<rest.endIndex
      return piece.startIndex..<piece.endIndex
    }
  }
}
