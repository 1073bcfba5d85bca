import Tensors

extension Matrix {
  /// The rows of that range.
  package func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)×\(columns)")
    let offset = range.lowerBound * columns * type.byteCount
    return Matrix(rows: range.count, columns: columns, type: type, pointer: pointer + offset)
  }
}
