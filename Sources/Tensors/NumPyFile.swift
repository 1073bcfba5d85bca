/// An array in NumPy's `.npy` format (NumPy enhancement proposal 1, versions 1.0 to 3.0), C order, little-endian.
package struct NumPyFile: Sendable {
  package let shape: Shape
  package let type: ElementType
  private let bytes: [UInt8]
  /// Where the first element lies.
  private let dataOffset: Int

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Whether the bytes begin as a `.npy` file does.
  package static func isNumPy(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// Reads an array; nothing beyond its own bytes is allocated.
  package static func parse(_ bytes: [UInt8]) throws(NumPyError) -> NumPyFile {
    guard isNumPy(bytes), bytes.count >= 10 else { throw .notNumPy }
    let (major, minor) = (bytes[6], bytes[7])
    guard (1...3).contains(major), minor == 0 else { throw .unknownVersion(major: major, minor: minor) }
    let lengthBytes = major == 1 ? 2 : 4
    let start = 8 + lengthBytes
    guard bytes.count >= start else { throw .headerTruncated(needed: start, found: bytes.count) }
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count - start >= length else { throw .headerTruncated(needed: start + length, found: bytes.count) }
    var header = NumPyHeader(bytes[start..<start + length])
    let fields = try header.parse()
    guard let type = elementType(fields.type) else { throw .unknownType(fields.type) }
    guard !fields.isFortranOrder else { throw .fortranOrder }
    guard let shape = Shape(checking: fields.shape) else { throw .impossibleShape(fields.shape) }
    let (size, overflows) = shape.elementCount.multipliedReportingOverflow(by: type.byteCount)
    let found = bytes.count - start - length
    guard !overflows else { throw .impossibleShape(fields.shape) }
    guard found == size else { throw .dataMiscounted(expected: size, found: found) }
    return NumPyFile(shape: shape, type: type, bytes: bytes, dataOffset: start + length)
  }

  /// The element type of a type string such as `<f4`, `|u1`, `|b1`.
  private static func elementType(_ text: String) -> ElementType? {
    switch text {
    case "<f8": .float64
    case "<f4": .float32
    case "<f2": .float16
    case "<i8": .int64
    case "<i4": .int32
    case "<i2": .int16
    case "|i1": .int8
    case "<u8": .uint64
    case "<u4": .uint32
    case "<u2": .uint16
    case "|u1": .uint8
    case "|b1": .bool
    default: nil
    }
  }

  /// The elements of a float32, float16 or float64 array as float32; `nil` for other types.
  package var floats: [Float]? {
    bytes.withUnsafeBytes { all in
      let data = UnsafeRawBufferPointer(rebasing: all[dataOffset...])
      switch type {
      case .float32: return (0..<shape.elementCount).map { data.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      case .float16: return (0..<shape.elementCount).map { Float(data.loadUnaligned(fromByteOffset: 2 * $0, as: Float16.self)) }
      case .float64: return (0..<shape.elementCount).map { Float(data.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self)) }
      default: return nil
      }
    }
  }

  /// The elements of a uint8 or bool array; `nil` for other types.
  package var unsignedBytes: [UInt8]? {
    type == .uint8 || type == .bool ? Array(bytes[dataOffset...]) : nil
  }

  /// A float32 array as a version 1.0 file.
  package static func encode(shape: Shape, floats: [Float]) -> [UInt8] {
    precondition(floats.count == shape.elementCount, "\(floats.count) numbers for the shape \(shape)")
    return header(type: "<f4", shape: shape) + floats.withUnsafeBytes(Array.init)
  }

  /// A uint8 array as a version 1.0 file.
  package static func encode(shape: Shape, bytes: [UInt8]) -> [UInt8] {
    precondition(bytes.count == shape.elementCount, "\(bytes.count) bytes for the shape \(shape)")
    return header(type: "|u1", shape: shape) + bytes
  }

  /// Where the elements begin in every file with such a header of three axes: 128 bytes hold any extents.
  package static let headerBytes = 128

  /// What a file of three axes begins with whose elements come piece by piece: `headerBytes` bytes, whatever the extents, so that the
  /// first extent can be filled in when it is known.
  package static func start(of type: ElementType, shape: Shape) -> [UInt8] {
    precondition(shape.rank == 3 && (type == .float32 || type == .uint8), "a file of \(type) and the shape \(shape)")
    let bytes = header(type: type == .float32 ? "<f4" : "|u1", shape: shape)
    precondition(bytes.count == headerBytes, "a header of \(bytes.count) bytes for the shape \(shape)")
    return bytes
  }

  /// Magic, version and header, padded with spaces to a multiple of 64 bytes and closed with a newline.
  private static func header(type: String, shape: Shape) -> [UInt8] {
    let extents = shape.dimensions.map { "\($0)," }.joined(separator: " ")
    let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
    let length = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: length - text.utf8.count - 1)
    return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8) + padding + [UInt8(ascii: "\n")]
  }
}
