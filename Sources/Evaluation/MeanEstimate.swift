/// A mean over images, and how far it may be off.
package struct MeanEstimate: Hashable, Sendable {
  package let mean: Double
  /// The values' standard deviation (unbiased) over the root of their number; 0 for a single one.
  package let standardError: Double
  /// How many values.
  package let count: Int

  /// `nil` of no values.
  package init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.mean = mean
    count = values.count
    standardError = values.count == 1 ? 0 : (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
  }
}
