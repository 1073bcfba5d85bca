import Tensors

/// All parameters of a model in one run of float32 numbers, and beside each number what training keeps of it.
///
/// Whoever owns the arena decides what lies where; every tensor's offset should come from ``aligned(_:)``. Padding between tensors is
/// zero and, having no gradient, stays zero. Belongs to one thread at a time.
package final class ParameterArena {
  /// What an arena holds beside the values.
  package struct Contents: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Gradients, accumulated until the optimizer resets them.
    package static let gradients = Contents(rawValue: 1)
    /// Adam's two moments.
    package static let moments = Contents(rawValue: 2)
  }

  /// Numbers in each of the arena's arrays.
  package let count: Int
  package let contents: Contents
  let values: Buffer<Float>
  let gradients: Buffer<Float>
  let firstMoments: Buffer<Float>
  let secondMoments: Buffer<Float>

  /// `count` numbers, all zero.
  package init(count: Int, contents: Contents) {
    self.count = count
    self.contents = contents
    values = Buffer(repeating: 0, count: count)
    gradients = Buffer(repeating: 0, count: contents.contains(.gradients) ? count : 0)
    firstMoments = Buffer(repeating: 0, count: contents.contains(.moments) ? count : 0)
    secondMoments = Buffer(repeating: 0, count: contents.contains(.moments) ? count : 0)
  }

  /// What a run of floats is, for access from outside the kernels.
  package enum Part: CaseIterable, Sendable {
    case values, gradients, firstMoments, secondMoments
  }

  /// The smallest multiple of a cache line's floats that is not below `offset`.
  package static func aligned(_ offset: Int) -> Int {
    let floats = Buffer<Float>.alignment / MemoryLayout<Float>.stride
    return (offset + floats - 1) / floats * floats
  }

  /// The parameters at `range`, as operations take them.
  package func view(_ range: Range<Int>) -> ParameterView {
    check(range)
    return ParameterView(
      count: range.count, values: values.unsafePointer + range.lowerBound,
      gradient: contents.contains(.gradients) ? gradients.unsafePointer + range.lowerBound : nil)
  }

  /// Reads one part of the parameters at `range`.
  package func withSpan<Result, Failure: Error>(
    of part: Part, _ range: Range<Int>, _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(memory(part, range)).span)
  }

  /// Changes one part of the parameters at `range`.
  package func withMutableSpan<Result, Failure: Error>(
    of part: Part, _ range: Range<Int>, _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var span = memory(part, range).mutableSpan
    return try body(&span)
  }

  /// Takes the values of an arena laid out alike, as a teacher begins.
  package func copyValues(of other: ParameterArena) {
    precondition(other.count == count, "\(count) parameters copied from \(other.count)")
    values.unsafePointer.update(from: other.values.unsafePointer, count: count)
  }

  /// Sets every gradient to zero, as after a skipped step.
  package func resetGradients() { gradients.unsafePointer.update(repeating: 0, count: gradients.count) }

  private func memory(_ part: Part, _ range: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    check(range)
    let base =
      switch part {
      case .values: values.unsafePointer
      case .gradients: gradients.unsafePointer
      case .firstMoments: firstMoments.unsafePointer
      case .secondMoments: secondMoments.unsafePointer
      }
    precondition(part == .values || contents.contains(part == .gradients ? .gradients : .moments), "an arena without \(part)")
    return UnsafeMutableBufferPointer(start: base + range.lowerBound, count: range.count)
  }

  private func check(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "parameters \(range) of an arena of \(count)")
  }
}
