/// What is said of one image as a whole.
package struct ImageScore: Hashable, Sendable {
  /// The true masked reconstruction error, the mean over the patches: the one number here that compares across images.
  package let reconstructionLoss: Float
  package let predictedMinimum: Float
  package let predictedMaximum: Float
  package let predictedMean: Float
  /// The (population) standard deviation.
  package let predictedDeviation: Float
  /// Of the predicted with the true loss; `nil` where one of them is the same everywhere.
  package let spearman: Double?

  /// - Parameter trueLoss: `L` numbers, as are the predicted ones.
  package init(trueLoss: ArraySlice<Float>, predictedLoss: ArraySlice<Float>) {
    reconstructionLoss = Self.mean(trueLoss)
    predictedMinimum = predictedLoss.min() ?? .nan
    predictedMaximum = predictedLoss.max() ?? .nan
    let mean = predictedLoss.reduce(0.0) { $0 + Double($1) } / Double(predictedLoss.count)
    predictedMean = Float(mean)
    let variance = predictedLoss.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(predictedLoss.count)
    predictedDeviation = Float(variance.squareRoot())
    spearman = RankCorrelation.spearman(Array(predictedLoss), Array(trueLoss))
  }

  /// Computed in double precision.
  static func mean(_ values: ArraySlice<Float>) -> Float { Float(values.reduce(0.0) { $0 + Double($1) } / Double(values.count)) }
}
