/// The Castagnoli checksum (RFC 3720 §12.1), eight bytes a turn (Kounavis and Berry's slicing-by-8).
package struct CRC32C: Hashable, Sendable {
  /// Reflected polynomial 0x1EDC6F41.
  private static let polynomial: UInt32 = 0x82F6_3B78

  /// Eight tables of 256, end to end: table k tells what a byte followed by k zero bytes adds.
  private static let tables: [UInt32] = {
    let first = (0..<256).map { byte in
      (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ polynomial : sum >> 1 }
    }
    return (1..<8).reduce(into: first) { tables, _ in
      tables += tables.suffix(256).map { $0 >> 8 ^ first[Int($0 & 0xFF)] }
    }
  }()

  private var register: UInt32 = 0xFFFF_FFFF

  package init() {}

  /// The checksum of all bytes so far.
  package var value: UInt32 { ~register }

  /// TensorFlow's masked form, so that the checksum of data that holds checksums is no weaker (`tensorflow/core/lib/hash/crc32c.h`).
  package var masked: UInt32 { (value >> 15 | value << 17) &+ 0xA282_EAD8 }

  package mutating func update(_ bytes: RawSpan) {
    let all = Self.tables
    let tables = all.span
    var sum = register
    var offset = 0
    while bytes.byteCount - offset >= 8 {
      let word = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ UInt64(sum)
      sum = 0
      // A byte and a table's start are below 2048 together, so that no bounds need be checked.
      for index in 0..<8 { sum ^= tables[unchecked: (7 - index) << 8 | Int(truncatingIfNeeded: word >> (8 * UInt64(index)) & 0xFF)] }
      offset += 8
    }
    while offset < bytes.byteCount {
      sum = sum >> 8 ^ tables[Int((sum ^ UInt32(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))) & 0xFF)]
      offset += 1
    }
    register = sum
  }

  package static func value(of bytes: [UInt8]) -> UInt32 { checksum(of: bytes).value }

  package static func masked(of bytes: [UInt8]) -> UInt32 { checksum(of: bytes).masked }

  private static func checksum(of bytes: [UInt8]) -> CRC32C {
    var checksum = CRC32C()
    checksum.update(bytes.span.bytes)
    return checksum
  }
}
