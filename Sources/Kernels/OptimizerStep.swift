/// Parameters that share a learning rate and a weight decay: a range of the arena, both ends wherever tensors begin and end.
package struct ParameterGroup: Sendable {
  package let range: Range<Int>
  package let learningRate: Double
  package let weightDecay: Double

  package init(range: Range<Int>, learningRate: Double, weightDecay: Double) {
    self.range = range
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }
}

/// One step of AdamW (Loshchilov and Hutter, 2019) as PyTorch computes it.
///
/// With g the gradient times `gradientScale` and t the step:
/// θ ← θ (1 − lr·wd); m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; θ ← θ − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
package struct AdamWStep: Sendable {
  package let firstDecay: Double
  package let secondDecay: Double
  package let epsilon: Double
  /// This step's number, from 1.
  package let step: Int
  /// What gradients are multiplied by: a clip factor, one over the accumulated batches.
  package let gradientScale: Double

  package init(firstDecay: Double, secondDecay: Double, epsilon: Double, step: Int, gradientScale: Double) {
    precondition(step > 0, "step \(step), counted from 1")
    self.firstDecay = firstDecay
    self.secondDecay = secondDecay
    self.epsilon = epsilon
    self.step = step
    self.gradientScale = gradientScale
  }
}

/// Parameters that follow others: each becomes `momentum` times itself and (1 − `momentum`) times what it follows.
package struct MovingAverage {
  /// Laid out as the arena it follows.
  package let arena: ParameterArena
  package let momentum: Double

  package init(arena: ParameterArena, momentum: Double) {
    self.arena = arena
    self.momentum = momentum
  }
}
