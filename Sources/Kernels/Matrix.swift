import Glibc
package import Tensors

/// A dense row-major matrix of activations inside an ``ActivationArena``: a view that owns nothing.
///
/// Valid until the arena is next reset; only kernels look at its elements.
package struct Matrix {
  package let rows: Int
  package let columns: Int
  /// `.float32` or `.bfloat16`.
  package let type: ElementType
  let pointer: UnsafeMutableRawPointer

  /// How many elements it has.
  package var count: Int { rows * columns }

  /// The same rows read as rows of another width; the element count must agree.
  package func reshaped(rows: Int, columns: Int) -> Matrix {
    precondition(rows * columns == count, "\(self.rows)×\(self.columns) read as \(rows)×\(columns)")
    return Matrix(rows: rows, columns: columns, type: type, pointer: pointer)
  }

  /// The first `rows` rows.
  package func prefix(rows: Int) -> Matrix {
    precondition(rows <= self.rows, "the first \(rows) rows of \(self.rows)×\(columns)")
    return Matrix(rows: rows, columns: columns, type: type, pointer: pointer)
  }

  /// Sets every element to zero.
  package func clear() { memset(pointer, 0, count * type.byteCount) }

  /// The elements as float32.
  package var floats: [Float] {
    switch type {
    case .float32: Array(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Float.self), count: count))
    default: UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: BFloat16.self), count: count).map(\.float)
    }
  }

  /// Replaces the elements, rounding where the matrix holds bfloat16.
  package func fill(from values: [Float]) {
    precondition(values.count == count, "\(values.count) values for \(rows)×\(columns)")
    for (index, value) in values.enumerated() { self[index] = value }
  }

  /// Element `index` in row-major order, widened or rounded.
  subscript(index: Int) -> Float {
    get {
      switch type {
      case .float32: pointer.assumingMemoryBound(to: Float.self)[index]
      default: pointer.assumingMemoryBound(to: BFloat16.self)[index].float
      }
    }
    nonmutating set {
      switch type {
      case .float32: pointer.assumingMemoryBound(to: Float.self)[index] = newValue
      default: pointer.assumingMemoryBound(to: BFloat16.self)[index] = BFloat16(newValue)
      }
    }
  }

  /// The first element of a float32 matrix.
  var float32: UnsafeMutablePointer<Float> {
    precondition(type == .float32, "a \(type.rawValue) matrix where the operation needs float32")
    return pointer.assumingMemoryBound(to: Float.self)
  }
}
