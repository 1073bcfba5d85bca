import Checkpoints

/// The file being written in ``DurableFiles/replace(_:contents:)``: sums up all bytes.
package final class DurableFileWriter {
  /// Of all bytes written so far.
  package private(set) var checksum = CRC32C()
  private let file: DurableFile

  init(_ file: DurableFile) { self.file = file }

  package func write(_ bytes: RawSpan) throws {
    checksum.update(bytes)
    try bytes.withUnsafeBytes { try file.append($0) }
  }

  package func write(_ bytes: [UInt8]) throws { try write(bytes.span.bytes) }
}
