package import Tensors

/// What a checkpoint says of one tensor.
package struct TensorDescription: Hashable, Sendable {
  package let shape: Shape
  package let type: ElementType

  package init(shape: Shape, type: ElementType) {
    self.shape = shape
    self.type = type
  }
}

/// A tensor as it lies in a file: a strided view of a run of elements. Its extents were checked against the file.
struct StoredTensor: Sendable {
  let shape: Shape
  let type: ElementType
  /// In elements, one an axis.
  let strides: [Int]
  /// Byte of the first element.
  let byteOffset: Int

  /// The shape that a file claims, `nil` where an extent is negative or where the extents, a zero counted as one, multiply so far that
  /// strides, byte counts and three such tensors joined could overflow.
  static func shape(claimed dimensions: [Int]) -> Shape? {
    let room = 64
    guard Shape(checking: dimensions.map { max(1, $0) } + [room]) != nil else { return nil }
    return Shape(checking: dimensions)
  }

  /// Strides of a dense row-major array.
  static func denseStrides(_ shape: Shape) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.rank)
    for axis in stride(from: shape.rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * max(1, shape[axis + 1]) }
    return strides
  }

  /// Whether elements follow each other without gaps.
  var isDense: Bool {
    let dense = Self.denseStrides(shape)
    return zip(strides, dense).enumerated().allSatisfy { shape[$0] == 1 || $1.0 == $1.1 }
  }

  /// Elements from the first to the last that it touches.
  var span: Int {
    shape.elementCount == 0 ? 0 : 1 + zip(shape.dimensions, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
  }

  /// Elements of one step along the first axis, as stored; a tensor of rank 0 is one row.
  var rowLength: Int { shape.rank == 0 ? 1 : shape.elementCount / max(1, shape[0]) }
  var rowCount: Int { shape.rank == 0 ? 1 : shape[0] }

  /// Rows `first..<first + count` along the first axis, as a tensor.
  func rows(from first: Int, count: Int) -> StoredTensor {
    guard shape.rank > 0 else { return self }
    return StoredTensor(
      shape: Shape([count] + shape.dimensions.dropFirst()), type: type, strides: strides,
      byteOffset: byteOffset + first * strides[0] * type.byteCount)
  }
}
