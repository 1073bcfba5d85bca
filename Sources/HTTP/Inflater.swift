import CZlib

/// Undoes a ``ContentCoding``, piece by piece, however much comes of how little.
///
/// `@unchecked`: a body has one reader at a time.
final class Inflater: @unchecked Sendable {
  /// The bytes are no content of the coding.
  struct Corrupt: Error {}

  private static let pieceBytes = 128 * 1024
  /// zlib's greatest window, and the number that asks for gzip's wrapper around it.
  private static let windowBits: Int32 = 15
  private static let gzipBits: Int32 = 16

  private let coding: ContentCoding
  // zlib keeps the address.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var input: [UInt8] = []
  private var offset = 0
  /// Whether the last piece was full, so that more may wait in zlib.
  private var wasFull = false
  /// Whether the content is whole as far as it came; gzip's may go on with another member (RFC 1952 §2.2).
  private(set) var isComplete = true
  private var hasBegun = false

  init(_ coding: ContentCoding) {
    self.coding = coding
    stream.initialize(to: z_stream())
    let bits = coding == .gzip ? Self.windowBits + Self.gzipBits : Self.windowBits
    let status = inflateInit2_(stream, bits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib cannot begin to inflate: status \(status)")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Takes compressed bytes; only when ``next()`` has no more to give.
  func feed(_ bytes: [UInt8]) { (input, offset) = (bytes, 0) }

  /// Some plain bytes; `nil` where more has to be fed.
  func next() throws(Corrupt) -> [UInt8]? {
    while offset < input.count || wasFull {
      let bytes = try step()
      if !bytes.isEmpty { return bytes }
    }
    return nil
  }

  private func step() throws(Corrupt) -> [UInt8] {
    if isComplete, hasBegun {
      guard coding == .gzip else { throw Corrupt() }
      inflateReset(stream)
    }
    (hasBegun, isComplete) = (true, false)
    var status = Z_OK
    let output = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
      input.withUnsafeBytes { bytes in
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)).map { $0 + offset }
        stream.pointee.avail_in = UInt32(bytes.count - offset)
        stream.pointee.next_out = buffer.baseAddress
        stream.pointee.avail_out = UInt32(buffer.count)
        status = inflate(stream, Z_NO_FLUSH)
      }
      count = buffer.count - Int(stream.pointee.avail_out)
    }
    offset = input.count - Int(stream.pointee.avail_in)
    isComplete = status == Z_STREAM_END
    wasFull = !isComplete && stream.pointee.avail_out == 0
    guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw Corrupt() }
    return output
  }
}
