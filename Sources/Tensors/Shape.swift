/// The extent of a dense array along each of its axes, outermost first.
///
/// A scalar has no axes and one element. Zero extents are legal: such an array has no elements.
package struct Shape: Hashable, Sendable {
  package let dimensions: [Int]

  /// How many elements an array of this shape holds.
  package let elementCount: Int

  /// A shape whose extents the program chose; a negative extent or a product beyond `Int` is a programmer's mistake.
  package init(_ dimensions: [Int]) {
    guard let shape = Shape(checking: dimensions) else { preconditionFailure("\(dimensions) is not the shape of an array") }
    self = shape
  }

  /// A shape whose extents came from outside, or `nil` where one is negative or their product does not fit an `Int`.
  package init?(checking dimensions: [Int]) {
    var count = 1
    for dimension in dimensions {
      let (product, overflows) = count.multipliedReportingOverflow(by: dimension)
      guard dimension >= 0, !overflows else { return nil }
      count = product
    }
    self.dimensions = dimensions
    elementCount = count
  }

  /// How many axes the array has.
  package var rank: Int { dimensions.count }

  package subscript(axis: Int) -> Int { dimensions[axis] }
}

extension Shape: ExpressibleByArrayLiteral {
  package init(arrayLiteral dimensions: Int...) { self.init(dimensions) }
}

extension Shape: CustomStringConvertible {
  package var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
