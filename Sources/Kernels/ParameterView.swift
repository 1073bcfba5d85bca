import Tensors

/// A tensor's numbers inside a ``ParameterArena``: owns nothing and must not outlive the arena.
package struct ParameterView {
  package let count: Int
  let values: UnsafeMutablePointer<Float>
  /// Where operations accumulate the gradient; none in an arena that is not trained.
  let gradient: UnsafeMutablePointer<Float>?

  /// The gradient of an arena that is trained.
  var requiredGradient: UnsafeMutablePointer<Float> {
    guard let gradient else { preconditionFailure("a gradient for parameters of an arena without gradients") }
    return gradient
  }
}

/// A linear layer's weights `[outputs, inputs]` and bias `[outputs]`.
package struct LinearParameters {
  package let inputs: Int
  package let outputs: Int
  package let weights: ParameterView
  package let bias: ParameterView

  package init(inputs: Int, outputs: Int, weights: ParameterView, bias: ParameterView) {
    precondition(
      weights.count == inputs * outputs && bias.count == outputs,
      "a layer from \(inputs) to \(outputs) of \(weights.count) weights and \(bias.count) biases")
    self.inputs = inputs
    self.outputs = outputs
    self.weights = weights
    self.bias = bias
  }
}

/// A layer normalisation's scale and shift, each `[width]`.
package struct LayerNormParameters {
  package let scale: ParameterView
  package let shift: ParameterView
  package let epsilon: Float

  package init(scale: ParameterView, shift: ParameterView, epsilon: Float) {
    precondition(scale.count == shift.count, "\(scale.count) scales and \(shift.count) shifts")
    self.scale = scale
    self.shift = shift
    self.epsilon = epsilon
  }
}
