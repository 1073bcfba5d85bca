import Glibc

/// What to do where a file of the name exists.
package enum ExistingFile: Sendable {
  /// Leave it and throw.
  case refuse
  /// Put the new one in its place, in one step.
  case replace
}

/// A file that comes to be whole or not at all: written under another name in the same folder, and given its own name last.
///
/// Once ``publish()`` has returned, the file outlasts a loss of power. A file that is not published leaves nothing behind.
package final class DurableFile {
  /// How the names of files end that are not whole yet.
  package static let partialSuffix = ".partial"

  /// Bytes appended so far.
  package private(set) var byteCount = 0
  private let path: String
  /// Where the bytes are until they are published.
  let temporaryPath: String
  private let folder: String
  private let existing: ExistingFile
  private let calls: FileCalls
  private var descriptor: Int32
  /// What was appended but not yet handed to the system.
  private var pending: [UInt8] = []

  private static let pendingLimit = 1 << 20

  package init(path: String, existing: ExistingFile, calls: FileCalls = .system) throws(FormatError) {
    guard existing == .replace || access(path, F_OK) != 0 else { throw Self.exists }
    folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    var random = SystemRandomNumberGenerator()
    temporaryPath = "\(folder)/.hpm-\(String(random.next(), radix: 16))\(Self.partialSuffix)"
    self.path = path
    self.existing = existing
    self.calls = calls
    descriptor = calls.create(temporaryPath)
    guard descriptor >= 0 else { throw Self.failure("no file can be made in the folder \(folder)") }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporaryPath)
  }

  package func append(_ bytes: [UInt8]) throws(FormatError) {
    pending += bytes
    byteCount += bytes.count
    if pending.count >= Self.pendingLimit { try flush() }
  }

  package func append(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    guard bytes.count >= Self.pendingLimit else {
      pending.append(contentsOf: bytes)
      byteCount += bytes.count
      if pending.count >= Self.pendingLimit { try flush() }
      return
    }
    try flush()
    try write(bytes, at: byteCount)
    byteCount += bytes.count
  }

  /// Replaces bytes that were appended before.
  func patch(_ bytes: [UInt8], at offset: Int) throws(FormatError) {
    precondition(offset >= 0 && offset + bytes.count <= byteCount, "a patch of \(bytes.count) bytes at \(offset) in \(byteCount) bytes")
    try flush()
    try write(bytes, at: offset)
  }

  /// Makes the file last and gives it its name.
  package func publish() throws(FormatError) {
    try flush()
    guard calls.synchronise(descriptor) == 0 else { throw Self.failure("the file cannot be brought to the disk") }
    try name()
    close(descriptor)
    descriptor = -1
    try synchroniseFolder()
  }

  private func name() throws(FormatError) {
    if existing == .refuse {
      if calls.link(temporaryPath, path) == 0 {
        unlink(temporaryPath)
        return
      }
      // A file system without links cannot tell "made" from "replaced" in one step; there the name is asked for first.
      guard errno != EEXIST, access(path, F_OK) != 0 else { throw Self.exists }
    }
    guard calls.rename(temporaryPath, path) == 0 else { throw Self.failure("the file cannot be given its name") }
  }

  /// The name itself lasts only when the folder is on the disk; a file system that cannot do this says so with EINVAL.
  private func synchroniseFolder() throws(FormatError) {
    let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { return }
    defer { close(opened) }
    guard calls.synchronise(opened) == 0 || errno == EINVAL else {
      throw Self.failure("the file is written, but its folder cannot be brought to the disk")
    }
  }

  /// Hands all that was appended to the system, so that whoever opens the file reads it.
  func flush() throws(FormatError) {
    guard !pending.isEmpty else { return }
    try write(pending, at: byteCount - pending.count)
    pending.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: [UInt8], at offset: Int) throws(FormatError) {
    var failure: FormatError?
    bytes.withUnsafeBytes { buffer in
      do throws(FormatError) { try write(buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FormatError) {
    var done = 0
    while done < bytes.count, let start = bytes.baseAddress {
      let count = calls.write(descriptor, start + done, bytes.count - done, offset + done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("writing at byte \(offset + done) failed") }
      done += count
    }
  }

  /// What the last call of the system refused.
  private static func failure(_ sentence: String) -> FormatError {
    let number = errno
    return FormatError("\(sentence): \(String(cString: strerror(number)))", number: number)
  }

  private static var exists: FormatError {
    FormatError("a file of that name exists; remove it or choose another name")
  }
}
