import Tensors

/// The operations of a training pass in plain loops of doubles: slow, obvious, and what every fast kernel is compared with.
///
/// With precision `.bfloat16` weights and matrices round as the fast set's do, on any processor.
package struct ReferenceTrainingOperations: TrainingOperations {
  package let precision: Precision

  package init(precision: Precision = .float32) { self.precision = precision }

  private func weights(_ layer: LinearParameters) -> [Double] {
    guard precision == .bfloat16 else { return layer.weights.doubles }
    return (0..<layer.weights.count).map { Double(BFloat16(layer.weights.values[$0]).float) }
  }

  package func linear(_ input: Matrix, _ layer: LinearParameters, residual: Matrix?, into output: Matrix) throws(KernelError) {
    layer.check(input: input, output: output)
    var sums = PlainGradients.linear(input.doubles, weights: weights(layer), bias: layer.bias.doubles)
    if let residual {
      residual.checkShape(of: output, "linear")
      sums = zip(sums, residual.doubles).map { $0 + $1 }
    }
    output.store(sums)
  }

  package func linearGELU(
    _ input: Matrix, _ layer: LinearParameters, preActivation: Matrix?, into output: Matrix
  ) throws(KernelError) {
    layer.check(input: input, output: output)
    let sums = PlainGradients.linear(input.doubles, weights: weights(layer), bias: layer.bias.doubles)
    preActivation?.checkShape(of: output, "linearGELU")
    preActivation?.store(sums)
    output.store(sums.map(PlainGradients.gelu))
  }

  package func linearInputGradient(
    _ outputGradient: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation, into inputGradient: Matrix
  ) throws(KernelError) {
    layer.check(input: inputGradient, output: outputGradient)
    inputGradient.store(
      PlainGradients.linearInputGradient(outputGradient.doubles, weights: weights(layer), outputs: layer.outputs), accumulation)
  }

  package func linearWeightGradient(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation
  ) throws(KernelError) {
    layer.check(input: input, output: outputGradient)
    if accumulation == .store { layer.weights.requiredGradient.update(repeating: 0, count: layer.weights.count) }
    layer.weights.accumulate(
      PlainGradients.linearWeightGradient(outputGradient.doubles, x: input.doubles, outputs: layer.outputs, inputs: layer.inputs))
  }

  package func linearBiasGradient(_ outputGradient: Matrix, _ layer: LinearParameters) throws(KernelError) {
    precondition(outputGradient.columns == layer.outputs, "\(outputGradient.columns) columns for \(layer.outputs) biases")
    layer.bias.accumulate(PlainGradients.columnSums(outputGradient.doubles, columns: layer.outputs))
  }

  package func hiddenGradient(
    _ outputGradient: Matrix, contraction: LinearParameters, preActivation: Matrix, expansion: LinearParameters,
    into hiddenGradient: Matrix
  ) throws(KernelError) {
    contraction.check(input: hiddenGradient, output: outputGradient)
    preActivation.checkShape(of: hiddenGradient, "hiddenGradient")
    let activationGradient = PlainGradients.linearInputGradient(
      outputGradient.doubles, weights: weights(contraction), outputs: contraction.outputs)
    let gradient = zip(activationGradient, preActivation.doubles).map { $0 * PlainGradients.geluSlope($1) }
    hiddenGradient.store(gradient)
    expansion.bias.accumulate(PlainGradients.columnSums(gradient, columns: expansion.outputs))
  }

  package func layerNorm(_ input: Matrix, _ parameters: LayerNormParameters, statistics: Matrix?, into output: Matrix) {
    parameters.check(input, output, statistics: statistics)
    let result = PlainGradients.layerNorm(
      input.doubles, scale: parameters.scale.doubles, shift: parameters.shift.doubles, epsilon: Double(parameters.epsilon))
    output.store(result.output)
    statistics?.store(result.statistics)
  }

  package func layerNormBackward(
    _ outputGradient: Matrix, input: Matrix, statistics: Matrix, _ parameters: LayerNormParameters, _ accumulation: Accumulation,
    into inputGradient: Matrix, rounded: Matrix?
  ) throws(KernelError) {
    parameters.check(outputGradient, input, statistics: statistics)
    inputGradient.checkShape(of: input, "layerNormBackward")
    let result = PlainGradients.layerNormBackward(
      outputGradient.doubles, x: input.doubles, statistics: statistics.doubles, scale: parameters.scale.doubles)
    inputGradient.store(result.input, accumulation)
    rounded?.store(inputGradient.doubles)
    parameters.scale.accumulate(result.scale)
    parameters.shift.accumulate(result.shift)
  }
}

extension Matrix {
  /// The elements, exactly.
  var doubles: [Double] { (0..<count).map { Double(self[$0]) } }

  /// Replaces the elements by the numbers rounded, or adds these to them.
  func store(_ numbers: [Double], _ accumulation: Accumulation = .store) {
    precondition(numbers.count == count, "\(numbers.count) numbers for \(rows)×\(columns)")
    for index in 0..<count {
      self[index] = Float(accumulation == .store ? numbers[index] : Double(self[index]) + numbers[index])
    }
  }
}

extension ParameterView {
  /// The values, exactly.
  var doubles: [Double] { (0..<count).map { Double(values[$0]) } }

  /// Adds numbers to the gradient.
  func accumulate(_ numbers: [Double]) {
    precondition(numbers.count == count, "\(numbers.count) gradients of \(count) parameters")
    let gradient = requiredGradient
    for index in 0..<count { gradient[index] = Float(Double(gradient[index]) + numbers[index]) }
  }
}
