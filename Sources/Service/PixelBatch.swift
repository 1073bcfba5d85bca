/// Images of one size, ready for a model: float32, normalised with ImageNet's mean and deviation.
package struct PixelBatch: Sendable {
  /// How many images, B.
  package let count: Int
  /// Pixels; both sides are multiples of the model's patch.
  package let height, width: Int
  /// (B, 3, height, width), images outermost.
  package let values: [Float]

  /// A batch whose `values` fill (count, 3, height, width) exactly; anything else is a programmer's mistake.
  package init(count: Int, height: Int, width: Int, values: [Float]) {
    precondition(
      values.count == count * 3 * height * width, "\(values.count) numbers for a batch of shape (\(count), 3, \(height), \(width))")
    self.count = count
    self.height = height
    self.width = width
    self.values = values
  }

  /// The images of several batches of one size, one after another; at least one.
  init(_ batches: [PixelBatch]) {
    guard let first = batches.first else { preconditionFailure("a batch of no batches") }
    guard batches.count > 1 else {
      self = first
      return
    }
    self.init(
      count: batches.reduce(0) { $0 + $1.count }, height: first.height, width: first.width, values: batches.flatMap(\.values))
  }

  /// Some of the images.
  func images(_ range: Range<Int>) -> PixelBatch {
    guard range != 0..<count else { return self }
    let length = values.count / count
    return PixelBatch(
      count: range.count, height: height, width: width,
      values: Array(values[range.lowerBound * length..<range.upperBound * length]))
  }
}
