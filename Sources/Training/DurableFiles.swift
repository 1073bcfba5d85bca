package import Checkpoints

/// Writes whole files so that a reader, or a machine that loses power, sees the old one or the new one and nothing between
/// (``DurableFile``).
package struct DurableFiles: Sendable {
  private let calls: FileCalls

  /// - Parameter calls: what is asked of the system; only tests refuse anything.
  package init(calls: FileCalls = .system) { self.calls = calls }

  /// Replaces the file at `path` by what `contents` writes.
  ///
  /// Throws ``RunError`` where the system fails, and whatever `contents` throws; the old file is as it was then, unless the error says
  /// that the new one is written.
  package func replace(_ path: String, contents: (DurableFileWriter) throws -> Void) throws {
    do {
      let file = try DurableFile(path: path, existing: .replace, calls: calls)
      try contents(DurableFileWriter(file))
      try file.publish()
    } catch let error as FormatError { throw RunError(path, error) }
  }

  /// Replaces the file at `path` by these bytes.
  package func replace(_ path: String, with bytes: [UInt8]) throws {
    try replace(path) { try $0.write(bytes.span.bytes) }
  }
}
