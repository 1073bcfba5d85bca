/// The file being written in ``DurableFiles/replace(_:contents:)``: gathers small pieces and sums up all bytes.
package final class DurableFileWriter {
  private static let pieceBytes = 1 << 20

  /// Of all bytes written so far.
  package private(set) var checksum = CRC32C()
  private var gathered: [UInt8] = []
  private let put: (RawSpan) throws(RunError) -> Void

  init(put: @escaping (RawSpan) throws(RunError) -> Void) { self.put = put }

  package func write(_ bytes: RawSpan) throws(RunError) {
    checksum.update(bytes)
    guard bytes.byteCount < Self.pieceBytes else {
      try flush()
      return try put(bytes)
    }
    bytes.withUnsafeBytes { gathered.append(contentsOf: $0) }
    if gathered.count >= Self.pieceBytes { try flush() }
  }

  package func write(_ bytes: [UInt8]) throws(RunError) { try write(bytes.span.bytes) }

  func flush() throws(RunError) {
    guard !gathered.isEmpty else { return }
    var piece: [UInt8] = []
    swap(&piece, &gathered)
    try put(piece.span.bytes)
    piece.removeAll(keepingCapacity: true)
    gathered = piece
  }
}
