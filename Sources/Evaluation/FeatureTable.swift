/// Which numbers of an encoder stand for an image.
package enum FeatureKind: String, CaseIterable, Sendable {
  /// The class token.
  case classToken = "class"
  /// The mean of the patch tokens.
  case patchMean = "mean"
}

/// Images as unit vectors, with their classes.
package struct FeatureTable: Sendable {
  /// D.
  package let width: Int
  /// `[N, D]`, each row of length 1.
  package private(set) var values: [Float] = []
  /// `N` places in the set's class names.
  package private(set) var labels: [Int] = []

  package init(width: Int) { self.width = width }

  /// N.
  package var count: Int { labels.count }

  /// Adds an image: `D` numbers, brought to length 1 (a zero vector stays as it is).
  package mutating func add(_ feature: some Collection<Float>, label: Int) {
    precondition(feature.count == width, "\(feature.count) numbers for a feature of \(width)")
    let length = feature.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    values += feature.map { length > 0 ? Float(Double($0) / length) : $0 }
    labels.append(label)
  }

  /// Rows as one run of numbers.
  func rows(_ range: Range<Int>) -> ArraySlice<Float> { values[range.lowerBound * width..<range.upperBound * width] }
}
