import CKernels
import Tensors

/// The operations of a training pass on oneDNN and the vector loops of `CKernels`.
///
/// Belongs to one thread: the one that makes it makes every call (see ``ComputeThread``). Memory for partial sums and primitives for new
/// shapes are made on first use and kept. Float32 products are `CKernels`' own where those are faster (on AVX2).
package final class OneDNNTrainingOperations: TrainingOperations {
  package let precision: Precision
  let kernels: KernelContext
  var context: OpaquePointer { kernels.pointer }

  /// Operations with a team of `threads`. Throws where the processor is below the least supported, or lacks bfloat16 and it is wanted.
  ///
  /// - Parameter products: whose matrix products to take in float32.
  package init(precision: Precision, threads: Int, products: ProductSource = .fastest) throws(KernelError) {
    kernels = try KernelContext(precision: precision, threads: threads)
    self.precision = precision
    hpm_choose_products(kernels.pointer, products.code)
  }

  package func linear(_ input: Matrix, _ layer: LinearParameters, residual: Matrix?, into output: Matrix) throws(KernelError) {
    layer.check(input: input, output: output)
    input.check(activationType, "linear")
    if let residual {
      residual.checkShape(of: output, "linear")
      output.check(.float32, "linear with a residual")
    }
    let status = hpm_product_forward(
      context, precision.element, Int64(input.rows), Int64(layer.inputs), Int64(layer.outputs), input.pointer, layer.weights.values,
      layer.bias.values, residual?.float32, output.type.code, output.pointer)
    try KernelError.check(status, layer.described("forward", rows: input.rows))
  }

  package func linearGELU(
    _ input: Matrix, _ layer: LinearParameters, preActivation: Matrix?, into output: Matrix
  ) throws(KernelError) {
    output.check(activationType, "linearGELU")
    preActivation?.check(activationType, "linearGELU")
    preActivation?.checkShape(of: output, "linearGELU")
    layer.check(input: input, output: output)
    input.check(activationType, "linearGELU")
    let status = hpm_product_gelu(
      context, precision.element, Int64(input.rows), Int64(layer.inputs), Int64(layer.outputs), input.pointer, layer.weights.values,
      layer.bias.values, (preActivation ?? output).pointer, output.pointer)
    try KernelError.check(status, layer.described("forward", rows: input.rows))
  }

  package func linearInputGradient(
    _ outputGradient: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation, into inputGradient: Matrix
  ) throws(KernelError) {
    layer.check(input: inputGradient, output: outputGradient)
    outputGradient.check(activationType, "linearInputGradient")
    if accumulation == .add { inputGradient.check(.float32, "linearInputGradient that adds") }
    let status = hpm_product_input_gradient(
      context, precision.element, Int64(outputGradient.rows), Int64(layer.inputs), Int64(layer.outputs), outputGradient.pointer,
      layer.weights.values, accumulation == .add, inputGradient.type.code, inputGradient.pointer)
    try KernelError.check(status, layer.described("input gradient", rows: outputGradient.rows))
  }

  package func linearWeightGradient(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation
  ) throws(KernelError) {
    layer.check(input: input, output: outputGradient)
    input.check(activationType, "linearWeightGradient")
    outputGradient.check(activationType, "linearWeightGradient")
    let status = hpm_product_weight_gradient(
      context, precision.element, Int64(input.rows), Int64(layer.inputs), Int64(layer.outputs), outputGradient.pointer, input.pointer,
      accumulation == .add, layer.weights.requiredGradient)
    try KernelError.check(status, layer.described("weight gradient", rows: input.rows))
  }

  package func linearBiasGradient(_ outputGradient: Matrix, _ layer: LinearParameters) throws(KernelError) {
    precondition(outputGradient.columns == layer.outputs, "\(outputGradient.columns) columns for \(layer.outputs) biases")
    let status = hpm_column_sums(
      context, outputGradient.type.code, outputGradient.pointer, Int64(outputGradient.rows), Int64(layer.outputs),
      layer.bias.requiredGradient)
    try KernelError.check(status, layer.described("bias gradient", rows: outputGradient.rows))
  }

  package func hiddenGradient(
    _ outputGradient: Matrix, contraction: LinearParameters, preActivation: Matrix, expansion: LinearParameters,
    into hiddenGradient: Matrix
  ) throws(KernelError) {
    preActivation.checkShape(of: hiddenGradient, "hiddenGradient")
    preActivation.check(activationType, "hiddenGradient")
    hiddenGradient.check(activationType, "hiddenGradient")
    precondition(expansion.outputs == contraction.inputs, "\(expansion.outputs) hidden numbers, and \(contraction.inputs)")
    try linearInputGradient(outputGradient, contraction, .store, into: hiddenGradient)
    let status = hpm_gelu_backward(
      context, hiddenGradient.type.code, preActivation.pointer, Int64(hiddenGradient.rows), Int64(hiddenGradient.columns),
      hiddenGradient.pointer, expansion.bias.requiredGradient)
    try KernelError.check(status, expansion.described("hidden gradient", rows: hiddenGradient.rows))
  }

  package func layerNorm(_ input: Matrix, _ parameters: LayerNormParameters, statistics: Matrix?, into output: Matrix) {
    parameters.check(input, output, statistics: statistics)
    hpm_layer_norm(
      context, input.float32, Int64(input.rows), Int64(input.columns), parameters.scale.values, parameters.shift.values,
      parameters.epsilon, statistics?.float32, output.type.code, output.pointer)
  }

  package func layerNormBackward(
    _ outputGradient: Matrix, input: Matrix, statistics: Matrix, _ parameters: LayerNormParameters, _ accumulation: Accumulation,
    into inputGradient: Matrix, rounded: Matrix?
  ) throws(KernelError) {
    parameters.check(outputGradient, input, statistics: statistics)
    inputGradient.checkShape(of: input, "layerNormBackward")
    rounded?.checkShape(of: input, "layerNormBackward")
    var work = hpm_layer_norm_gradient(
      element: outputGradient.type.code, gradient: outputGradient.pointer, x: input.float32, statistics: statistics.float32,
      scale: parameters.scale.values, add: accumulation == .add, input_gradient: inputGradient.float32, rounded: rounded?.bfloat16Bits,
      width: Int64(input.columns))
    let status = hpm_layer_norm_backward(
      context, &work, Int64(input.rows), parameters.scale.requiredGradient, parameters.shift.requiredGradient)
    try KernelError.check(status, "the gradient of a layer normalisation over \(input.rows) rows")
  }
}

extension Matrix {
  /// The bits of a bfloat16 matrix.
  fileprivate var bfloat16Bits: UnsafeMutablePointer<UInt16> {
    precondition(type == .bfloat16, "a \(type.rawValue) matrix where the operation needs bfloat16")
    return pointer.assumingMemoryBound(to: UInt16.self)
  }
}

extension LinearParameters {
  /// What an operation of this layer is called in errors.
  func described(_ part: String, rows: Int) -> String { "the \(part) of a linear layer from \(inputs) to \(outputs) over \(rows) rows" }
}
