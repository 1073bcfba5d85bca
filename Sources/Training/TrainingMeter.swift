/// Sums of what the steps since the last line of metrics gave; kept with the run's state, so that a resumed run writes the line that an
/// uninterrupted one would.
struct TrainingMeter {
  private(set) var sums: [String: Double]

  private enum Sum {
    static let parts = "meter_parts"
    static let reconstruction = "meter_reconstruction_loss"
    static let predicting = "meter_predicting_loss"
    static let pairs = "meter_pairs"
    static let orderedPairs = "meter_ordered_pairs"
    static let steps = "meter_steps"
    static let gradientNorm = "meter_gradient_norm"
  }

  /// Goes on with sums that a state kept.
  init(_ sums: [String: Double] = [:]) { self.sums = sums }

  private func sum(_ name: String) -> Double { sums[name] ?? 0 }

  private mutating func add(_ name: String, _ value: Double) { sums[name] = sum(name) + value }

  /// Takes note of a part of a batch.
  mutating func add(_ reconstructionLoss: Double, _ prediction: PredictingLoss.Value?) {
    add(Sum.parts, 1)
    add(Sum.reconstruction, reconstructionLoss)
    guard let prediction else { return }
    add(Sum.predicting, prediction.loss)
    add(Sum.pairs, Double(prediction.pairs))
    add(Sum.orderedPairs, prediction.orderedPairs)
  }

  /// Takes note of a step taken.
  mutating func add(gradientNorm: Double) {
    add(Sum.steps, 1)
    add(Sum.gradientNorm, gradientNorm)
  }

  mutating func reset() { sums = [:] }

  /// Means over what was added; not a number where nothing was.
  var reconstructionLoss: Double { sum(Sum.reconstruction) / sum(Sum.parts) }
  var predictingLoss: Double { sum(Sum.predicting) / sum(Sum.parts) }
  var pairAccuracy: Double { sum(Sum.orderedPairs) / sum(Sum.pairs) }
  var gradientNorm: Double { sum(Sum.gradientNorm) / sum(Sum.steps) }
}
