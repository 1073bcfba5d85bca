import Glibc

/// A file of results that grows over several starts of a process, and takes its place among a run's files when it is whole.
///
/// For one writer at a time. What was appended lasts once ``synchronize()`` has returned; a state that is saved afterwards may rely on it.
package final class ResultFile {
  /// Bytes so far, appended ones included.
  package private(set) var byteCount: Int
  private let path: String
  private let descriptor: Int32
  /// What was appended but not yet handed to the system.
  private var pending: [UInt8] = []

  private static let pendingLimit = 1 << 20

  /// Opens the file, made where it is missing, to go on after its first `count` bytes; what was written beyond them is forgotten.
  ///
  /// Throws where it has fewer.
  package init(_ path: String, keeping count: Int) throws(RunError) {
    self.path = path
    byteCount = count
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw RunError(path, cannot: "open the file", number: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let number = errno
      close(descriptor)
      throw RunError(path, cannot: "look at the file", number: number)
    }
    guard Int(status.st_size) >= count else {
      close(descriptor)
      throw RunError(
        path: path,
        reason: "the file has \(status.st_size) bytes, but the run had written \(count); it cannot go on, begin it anew elsewhere")
    }
    guard ftruncate(descriptor, off_t(count)) == 0 else {
      let number = errno
      close(descriptor)
      throw RunError(path, cannot: "cut the file", number: number)
    }
  }

  deinit { close(descriptor) }

  package func append(_ bytes: [UInt8]) throws(RunError) {
    pending += bytes
    byteCount += bytes.count
    if pending.count >= Self.pendingLimit { try flush() }
  }

  /// Replaces the first bytes of the file, of which there must be that many.
  package func overwriteStart(with bytes: [UInt8]) throws(RunError) {
    precondition(bytes.count <= byteCount, "\(bytes.count) bytes at the start of \(byteCount)")
    try flush()
    try write(bytes, at: 0)
  }

  /// Returns when all that was appended is on disk.
  package func synchronize() throws(RunError) {
    try flush()
    guard fsync(descriptor) == 0 else { throw RunError(path, cannot: "synchronize the file", number: errno) }
  }

  /// Bytes of the file, which must have them.
  package func bytes(at offset: Int, count: Int) throws(RunError) -> [UInt8] {
    precondition(offset >= 0 && count >= 0 && offset + count <= byteCount, "\(count) bytes at \(offset) of \(byteCount)")
    try flush()
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress?.advanced(by: done), count - done, off_t(offset + done)) }
      if read < 0 && errno == EINTR { continue }
      guard read >= 0 else { throw RunError(path, cannot: "read the file", number: errno) }
      guard read > 0 else { throw RunError(path: path, reason: "the file became shorter while the run was at work") }
      done += read
    }
    return bytes
  }

  /// Gives the file, which is on disk, its place and name; what is there is replaced.
  package func publish(as destination: String) throws(RunError) {
    try synchronize()
    guard rename(path, destination) == 0 else { throw RunError(destination, cannot: "give the file its name", number: errno) }
  }

  /// Takes a file that was published back to where it grows, so that a run that was interrupted at its very end can end once more.
  package static func takeBack(_ destination: String, to path: String) throws(RunError) {
    guard access(path, F_OK) != 0, rename(destination, path) != 0, errno != ENOENT else { return }
    throw RunError(destination, cannot: "rename the file", number: errno)
  }

  private func flush() throws(RunError) {
    guard !pending.isEmpty else { return }
    try write(pending, at: byteCount - pending.count)
    pending.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: [UInt8], at offset: Int) throws(RunError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw RunError(path, cannot: "write the file", number: errno) }
      done += count
    }
  }
}
