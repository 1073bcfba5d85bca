/// Why bytes are not a `.npy` array that can be read.
package enum NumPyError: Error, Equatable, CustomStringConvertible {
  case notNumPy
  case unknownVersion(major: UInt8, minor: UInt8)
  case headerTruncated(needed: Int, found: Int)
  case malformedHeader(at: Int, expected: String)
  case unknownType(String)
  case fortranOrder
  case impossibleShape([Int])
  case dataMiscounted(expected: Int, found: Int)

  package var description: String {
    switch self {
    case .notNumPy: "the bytes do not begin with \\x93NUMPY; send what numpy.save writes"
    case .unknownVersion(let major, let minor): "the .npy format version is \(major).\(minor); versions 1.0, 2.0 and 3.0 are read"
    case .headerTruncated(let needed, let found): "the .npy header takes \(needed) bytes, but only \(found) are there"
    case .malformedHeader(let offset, let expected): "the .npy header is malformed at byte \(offset): expected \(expected)"
    case .unknownType(let type):
      "the array's type is \(type); little-endian f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 and bool are read (convert with .astype)"
    case .fortranOrder: "the array is in Fortran order; save numpy.ascontiguousarray(array)"
    case .impossibleShape(let shape): "the shape \(shape) is not one an array can have"
    case .dataMiscounted(let expected, let found): "the shape and type need \(expected) bytes of data, but \(found) are there"
    }
  }
}
