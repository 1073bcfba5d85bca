import Foundation
import Images
import Testing

@Suite(.serialized) struct ClaimedLengthTests {
  /// The most address space that this process has ever had, in bytes.
  private func peak() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let match = try #require(status.firstMatch(of: /VmPeak:\s+(\d+) kB/))
    return try #require(Int(match.1)) << 10
  }

  /// libpng believes the length of an eXIf chunk, and sets as much memory aside (found by Scripts/fuzz).
  @Test func `no memory is set aside for what a chunk of a PNG claims and the file does not have`() throws {
    let signatureAndHeader = 8 + 25
    let whole = PNGEncoder.encode(RGBImage(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6]))
    let claim: [UInt8] = [0x7F, 0xFF, 0xFF, 0xF0] + Array("eXIfII*\0".utf8)
    let before = try peak()
    let error = #expect(throws: ImageError.self) {
      try ImageDecoder.decode(Array(whole[..<signatureAndHeader]) + claim + whole[signatureAndHeader...])
    }
    #expect(error.map { "\($0)".contains("truncated") } == true)
    #expect(try peak() - before < 1 << 30)
  }
}
