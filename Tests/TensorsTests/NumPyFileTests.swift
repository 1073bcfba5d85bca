import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct NumPyFileTests {
  @Test func `what it writes it reads`() throws {
    let values = (0..<24).map { Float($0) / 7 }
    let file = try NumPyFile.parse(NumPyFile.encode(shape: [2, 3, 4], floats: values))
    #expect(file.shape == [2, 3, 4] && file.type == .float32)
    #expect(file.floats == values)
    #expect(file.unsignedBytes == nil)
    let mask = try NumPyFile.parse(NumPyFile.encode(shape: [5], bytes: [1, 0, 1, 1, 0]))
    #expect(mask.unsignedBytes == [1, 0, 1, 1, 0] && mask.type == .uint8)
    #expect(try NumPyFile.parse(NumPyFile.encode(shape: [], floats: [3])).floats == [3])
  }

  @Test(.enabled(if: Fixtures.hasShared, "the shared reference files are not beside this clone"))
  func `reads what NumPy wrote`() throws {
    let images = try NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.shared("reference/tiny/images.npy"))))
    #expect(images.shape == [4, 3, 48, 48] && images.type == .float32)
    let mask = try NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.shared("reference/tiny/mask.npy"))))
    #expect(mask.shape == [4, 36] && mask.type == .bool)
    #expect(mask.unsignedBytes?.reduce(0) { $0 + Int($1) } == 4 * 27)
    let half = try NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.shared("reference/tiny/trace50_images.npy"))))
    #expect(half.type == .float16 && half.floats?.count == 50 * 8 * 3 * 48 * 48)
  }

  /// A version 1.0 file with this header text and data.
  private static func file(_ header: String, data: Int = 8) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)] + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  @Test(arguments: [
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", NumPyError.unknownType(">f4")),
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", .fortranOrder),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", .dataMiscounted(expected: 12, found: 8)),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
      .impossibleShape([4_611_686_018_427_387_904, 4])
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }", .impossibleShape([4_611_686_018_427_387_904])),
    (
      "{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }",
      .malformedHeader(at: 27, expected: "one each of 'descr', 'fortran_order' and 'shape'")
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", .malformedHeader(at: 61, expected: "an extent")),
    ("{'descr': '<f4', 'fortran_order': False}", .malformedHeader(at: 50, expected: "'descr', 'fortran_order' and 'shape' before the end")),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", .malformedHeader(at: 66, expected: "the end of the header")),
    ("{'descr", .malformedHeader(at: 11, expected: "a quoted string of printable ASCII")),
    ("", .malformedHeader(at: 10, expected: "{")),
  ])
  func `refuses what is not such an array, and says where`(header: String, error: NumPyError) {
    #expect(throws: error) { try NumPyFile.parse(Self.file(header)) }
  }

  @Test func `refuses bytes of another kind and of a later version`() {
    #expect(throws: NumPyError.notNumPy) { try NumPyFile.parse([]) }
    #expect(throws: NumPyError.notNumPy) { try NumPyFile.parse(Array("\u{89}PNG".utf8)) }
    var later = NumPyFile.encode(shape: [1], floats: [0])
    later[6] = 4
    #expect(throws: NumPyError.unknownVersion(major: 4, minor: 0)) { try NumPyFile.parse(later) }
  }

  @Test func `no flipped bit of the header traps`() {
    let good = NumPyFile.encode(shape: [2, 3], floats: [Float](repeating: 1, count: 6))
    for index in 0..<128 {
      for bit in 0..<8 {
        var bytes = good
        bytes[index] ^= 1 << bit
        _ = try? NumPyFile.parse(bytes)
      }
      _ = try? NumPyFile.parse(Array(good.prefix(index)))
    }
  }
}
