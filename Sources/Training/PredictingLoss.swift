import Glibc

/// What the loss predictor is trained on, at the masked patches (HPM, section 3.2); the true losses are constants to it.
package enum PredictingLoss: String, CaseIterable, Sendable {
  /// Which of two patches of an image is harder (eq. 5).
  case relative
  /// The loss itself, standardised per image with the unbiased variance + 1e-6, as the authors' program has eq. 4.
  case absolute
  /// The loss itself, as eq. 4 is printed.
  case absoluteRaw = "absolute_raw"
  /// Nothing: a plain masked autoencoder.
  case none

  /// What a batch says of the predictor.
  package struct Value: Equatable, Sendable {
    /// The mean over valid pairs, or over patches.
    package var loss: Double
    /// The derivative of ``loss`` by every predicted loss, `B · M`.
    package var gradient: [Float]
    /// Unordered pairs of different true loss, and how many of them the predictor orders rightly; a tie of predictions counts a half.
    package var pairs: Int
    package var orderedPairs: Double

    /// The share of pairs in the right order; 0.5 is chance. `nil` without a pair.
    package var pairAccuracy: Double? { pairs == 0 ? nil : orderedPairs / Double(pairs) }
  }

  /// Loss, gradient and pair accuracy of predictions for `images` images of equally many masked patches each.
  ///
  /// - Parameter logarithm: how the relative loss takes its logarithm.
  package func value(predicted: [Float], truth: [Float], images: Int, logarithm: Logarithm = .exact) -> Value {
    precondition(
      images > 0 && predicted.count == truth.count && predicted.count % images == 0,
      "\(predicted.count) predictions of \(truth.count) losses in \(images) images")
    var value = PairwiseComparison(predicted: predicted, truth: truth, images: images, logarithm: logarithm).value
    switch self {
    case .relative: break
    case .absolute: value.fit(predicted, to: Self.standardised(truth, images: images))
    case .absoluteRaw: value.fit(predicted, to: truth)
    case .none:
      value.loss = 0
      value.gradient = [Float](repeating: 0, count: predicted.count)
    }
    return value
  }

  /// Each image's losses less their mean, over the root of their unbiased variance + 1e-6.
  private static func standardised(_ truth: [Float], images: Int) -> [Float] {
    let perImage = truth.count / images
    return (0..<images).flatMap { image in
      let losses = truth[image * perImage..<(image + 1) * perImage]
      let mean = losses.reduce(0.0) { $0 + Double($1) } / Double(max(1, perImage))
      let squares = losses.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      let deviation = (squares / Double(max(1, perImage - 1)) + 1e-6).squareRoot()
      return losses.map { Float((Double($0) - mean) / deviation) }
    }
  }
}

extension PredictingLoss {
  /// How the relative loss of a pair is written; σ is the logistic function and d the difference of the two predictions, positive
  /// where they are in the right order.
  package enum Logarithm: String, CaseIterable, Sendable {
    /// log(1 + exp(−d)).
    case exact
    /// −log(σ(d) + 1e-6), as the authors' program does to keep away from log 0; its gradient fades for pairs badly wrong.
    case epsilon
  }
}

extension PredictingLoss.Value {
  /// Makes loss and gradient those of the mean squared error.
  fileprivate mutating func fit(_ predicted: [Float], to target: [Float]) {
    let count = Double(max(1, predicted.count))
    loss = zip(predicted, target).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) } / count
    gradient = zip(predicted, target).map { Float(2 * (Double($0) - Double($1)) / count) }
  }
}

/// The relative loss over all pairs of patches of each image. Both orders of a pair give the same term, so each pair is visited once.
private struct PairwiseComparison {
  private(set) var value: PredictingLoss.Value
  private let logarithm: PredictingLoss.Logarithm

  init(predicted: [Float], truth: [Float], images: Int, logarithm: PredictingLoss.Logarithm) {
    self.logarithm = logarithm
    value = PredictingLoss.Value(loss: 0, gradient: [Float](repeating: 0, count: predicted.count), pairs: 0, orderedPairs: 0)
    let perImage = predicted.count / images
    for image in 0..<images { add(predicted, truth, image * perImage..<(image + 1) * perImage) }
    guard value.pairs > 0 else { return }
    value.loss /= Double(value.pairs)
    let share = 1 / Float(value.pairs)
    for index in value.gradient.indices { value.gradient[index] *= share }
  }

  private mutating func add(_ predicted: [Float], _ truth: [Float], _ range: Range<Int>) {
    for first in range {
      var sum: Float = 0
      var slope: Float = 0
      for second in range.dropFirst(first + 1 - range.lowerBound) where truth[first] != truth[second] {
        let sign: Float = truth[first] > truth[second] ? 1 : -1
        let difference = sign * (predicted[first] - predicted[second])
        let (term, derivative) = term(difference)
        sum += term
        slope += sign * derivative
        value.gradient[second] -= sign * derivative
        value.pairs += 1
        value.orderedPairs += difference > 0 ? 1 : difference == 0 ? 0.5 : 0
      }
      value.loss += Double(sum)
      value.gradient[first] += slope
    }
  }

  /// A pair's loss and its derivative by the difference.
  private func term(_ difference: Float) -> (loss: Float, derivative: Float) {
    let power = exp(-abs(difference))
    let agreement = difference >= 0 ? 1 / (1 + power) : power / (1 + power)
    switch logarithm {
    case .exact: return (log1p(power) + max(0, -difference), agreement - 1)
    case .epsilon: return (-log(agreement + 1e-6), -agreement * (1 - agreement) / (agreement + 1e-6))
    }
  }
}
