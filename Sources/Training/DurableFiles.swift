import Glibc

/// Writes whole files so that a reader, or a machine that loses power, sees the old one or the new one and nothing between.
///
/// Each goes to `NAME.partial`, is synchronised, renamed over the old one, and the folder is synchronised; where any of it fails, the old
/// file stays as it was and the partial one is removed.
package struct DurableFiles: Sendable {
  /// What is asked of the system on the way.
  package enum Operation: String, CaseIterable, Sendable {
    case create
    case write
    case synchronize
    case rename
    case synchronizeFolder = "synchronize the folder of"
  }

  /// Appended to the name of a file that is not whole yet.
  package static let partialSuffix = ".partial"

  /// The error number with which an operation fails before the system is asked; `nil` asks the system. Only tests refuse anything.
  private let refusal: @Sendable (Operation) -> Int32?

  package init(refusal: @escaping @Sendable (Operation) -> Int32? = { _ in nil }) { self.refusal = refusal }

  /// Replaces the file at `path` by what `contents` writes.
  ///
  /// Throws ``RunError`` where the system fails, and whatever `contents` throws.
  package func replace(_ path: String, contents: (DurableFileWriter) throws -> Void) throws {
    let partial = path + Self.partialSuffix
    do {
      try write(partial, for: path, contents)
      try require(.rename, path) { rename(partial, path) }
    } catch {
      unlink(partial)
      throw error
    }
    try synchronizeFolder(of: path)
  }

  /// Replaces the file at `path` by these bytes.
  package func replace(_ path: String, with bytes: [UInt8]) throws {
    try replace(path) { try $0.write(bytes.span.bytes) }
  }

  private func write(_ partial: String, for path: String, _ contents: (DurableFileWriter) throws -> Void) throws {
    let descriptor = try require(.create, path) { open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
    defer { close(descriptor) }
    let writer = DurableFileWriter { [self] bytes throws(RunError) in try put(bytes, into: descriptor, of: path) }
    try contents(writer)
    try writer.flush()
    try require(.synchronize, path) { fsync(descriptor) }
  }

  private func put(_ bytes: RawSpan, into descriptor: Int32, of path: String) throws(RunError) {
    var done = 0
    while done < bytes.byteCount {
      done += try require(.write, path) {
        bytes.extracting(done..<bytes.byteCount).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
    }
  }

  /// A rename is on disk only when its folder is.
  private func synchronizeFolder(of path: String) throws(RunError) {
    let folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(.synchronizeFolder, path, errno) }
    defer { close(descriptor) }
    try require(.synchronizeFolder, path) { fsync(descriptor) }
  }

  /// The result of `call`, made again where a signal interrupted it.
  @discardableResult private func require<Result: SignedInteger>(
    _ operation: Operation, _ path: String, _ call: () -> Result
  ) throws(RunError) -> Result {
    if let number = refusal(operation) { throw Self.failure(operation, path, number) }
    while true {
      let result = call()
      if result >= 0 { return result }
      if errno != EINTR { throw Self.failure(operation, path, errno) }
    }
  }

  private static func failure(_ operation: Operation, _ path: String, _ number: Int32) -> RunError {
    RunError(path, cannot: "\(operation.rawValue) the file", number: number)
  }
}
