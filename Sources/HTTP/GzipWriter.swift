import CZlib

/// Makes gzip (RFC 1952) of the pieces it is given.
///
/// `@unchecked`: a response has one writer at a time.
final class GzipWriter: @unchecked Sendable {
  enum Flush {
    /// More comes; zlib keeps what it likes.
    case none
    case finish
  }

  private static let pieceBytes = 64 * 1024
  /// zlib's greatest window with gzip's wrapper, and its usual memory.
  private static let windowBits: Int32 = 15 + 16
  private static let memoryLevel: Int32 = 8

  // zlib keeps the address.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private(set) var isFinished = false

  /// - Parameter level: 1 (fast) to 9 (small).
  init(level: Int) {
    stream.initialize(to: z_stream())
    let status = deflateInit2_(
      stream, Int32(level), Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib cannot begin to deflate at level \(level): status \(status)")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// What can be sent so far.
  func write(_ bytes: [UInt8], _ flush: Flush) -> [UInt8] {
    var output: [UInt8] = []
    bytes.withUnsafeBytes { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(input.count)
      repeat { output += step(flush) } while stream.pointee.avail_out == 0
    }
    if flush == .finish { isFinished = true }
    return output
  }

  private func step(_ flush: Flush) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
      stream.pointee.next_out = buffer.baseAddress
      stream.pointee.avail_out = UInt32(buffer.count)
      _ = deflate(stream, flush == .finish ? Z_FINISH : Z_NO_FLUSH)
      count = buffer.count - Int(stream.pointee.avail_out)
    }
  }
}
