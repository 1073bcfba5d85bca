import Tensors
import Testing

@testable import Training

@Suite struct CRC32CTests {
  private static let rising: [UInt8] = Array(0..<32)

  /// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
  private static let published: [(bytes: [UInt8], checksum: UInt32)] = [
    (Array("123456789".utf8), 0xE306_9283), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (rising, 0x46DD_794E), (rising.reversed(), 0x113F_DB5C), ([], 0),
  ]

  @Test(arguments: published)
  func `equals the published values`(bytes: [UInt8], expected: UInt32) { #expect(CRC32C.value(of: bytes) == expected) }

  @Test func `eight bytes a turn equal one bit a turn, in whatever pieces`() {
    var random = SplitMix64(seed: 1)
    for count in [0, 1, 7, 8, 9, 63, 1000] {
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      var twin: UInt32 = ~0
      for byte in bytes {
        twin ^= UInt32(byte)
        for _ in 0..<8 { twin = twin & 1 == 1 ? twin >> 1 ^ 0x82F6_3B78 : twin >> 1 }
      }
      #expect(CRC32C.value(of: bytes) == ~twin)
      var pieces = CRC32C()
      pieces.update(Array(bytes.prefix(count / 3)).span.bytes)
      pieces.update(Array(bytes.dropFirst(count / 3)).span.bytes)
      #expect(pieces.value == ~twin)
    }
  }
}
