import CKernels
package import Tensors

extension OneDNNTrainingOperations {
  package func attention(
    _ queryKeyValue: Matrix, sequences: Int, heads: Int, logSumExp: Matrix?, into output: Matrix
  ) throws(KernelError) {
    try kernels.attention(queryKeyValue, sequences: sequences, heads: heads, logSumExp: logSumExp, into: output)
  }

  package func attentionBackward(
    _ outputGradient: Matrix, queryKeyValue: Matrix, output: Matrix, logSumExp: Matrix, sequences: Int, heads: Int,
    into gradient: Matrix
  ) throws(KernelError) {
    let shape = AttentionShape(queryKeyValue, sequences: sequences, heads: heads)
    shape.check(queryKeyValue, output: output, logSumExp: logSumExp, heads: heads)
    outputGradient.checkShape(of: output, "attentionBackward")
    outputGradient.check(output.type, "attentionBackward")
    gradient.checkShape(of: queryKeyValue, "attentionBackward")
    gradient.check(queryKeyValue.type, "attentionBackward")
    var work = hpm_attention_gradient(
      element: queryKeyValue.type.code, qkv: queryKeyValue.pointer, output: output.pointer, output_gradient: outputGradient.pointer,
      log_sum_exp: logSumExp.float32, tokens: Int64(shape.tokens), width: Int64(shape.width), heads: Int64(heads),
      gradient: gradient.pointer)
    try KernelError.check(
      hpm_attention_backward(context, &work, Int64(sequences)), "the gradient of attention over \(shape.tokens) tokens")
  }

  package func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float] {
    kernels.classAttention(queryKeyValue, sequences: sequences, heads: heads)
  }

  package func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix) {
    kernels.gatherPatches(pixels, selection, into: output)
  }

  package func placeTokens(
    _ source: Matrix, filler: ParameterView, positions: borrowing Buffer<Float>, _ placement: TokenPlacement, into output: Matrix
  ) {
    placement.check(source: source, filler: filler.count, positions: positions.count, output: output)
    hpm_place_tokens(
      context, source.float32, placement.sourceRows, filler.values, positions.unsafePointer, placement.positionRows,
      Int64(output.rows), Int64(output.columns), output.float32)
  }

  package func placeTokensBackward(
    _ outputGradient: Matrix, filler: ParameterView, _ placement: TokenPlacement, _ accumulation: Accumulation,
    into sourceGradient: Matrix
  ) {
    placement.check(source: sourceGradient, filler: filler.count, output: outputGradient)
    hpm_place_tokens_backward(
      context, outputGradient.float32, placement.sourceRows, Int64(outputGradient.rows), Int64(outputGradient.columns),
      Int64(sourceGradient.rows), accumulation == .add, sourceGradient.float32, filler.requiredGradient)
  }

  package func gatherRows(_ source: Matrix, rows: [Int32], into output: Matrix) {
    checkSelection(rows, of: source, selected: output)
    hpm_gather_rows(context, source.pointer, rows, Int64(rows.count), Int64(source.columns * source.type.byteCount), output.pointer)
  }

  package func scatterAddRows(_ source: Matrix, rows: [Int32], into output: Matrix) {
    checkSelection(rows, of: output, selected: source)
    hpm_scatter_add_rows(
      context, source.type.code, source.pointer, rows, Int64(rows.count), Int64(source.columns), output.pointer)
  }

  package func convert(_ source: Matrix, into output: Matrix) {
    source.checkShape(of: output, "convert")
    hpm_convert(context, source.type.code, source.pointer, output.type.code, output.pointer, Int64(source.count))
  }

  package func meanOfOutputs(_ input: Matrix, _ layer: LinearParameters, into output: Matrix) throws(KernelError) {
    layer.checkMean(input: input, output: output)
    let status = hpm_mean_output(
      context, input.type.code, input.pointer, Int64(input.rows), Int64(layer.inputs), layer.weights.values, layer.bias.values,
      Int64(layer.outputs), output.float32)
    try KernelError.check(status, layer.described("mean output", rows: input.rows))
  }

  package func meanOfOutputsBackward(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, into inputGradient: Matrix
  ) throws(KernelError) {
    layer.checkMean(input: input, output: outputGradient)
    inputGradient.checkShape(of: input, "meanOfOutputsBackward")
    var work = hpm_mean_output_gradient(
      element: input.type.code, x: input.pointer, gradient: outputGradient.float32, rows: Int64(input.rows),
      inputs: Int64(layer.inputs), outputs: Int64(layer.outputs), weights: layer.weights.values,
      input_gradient_element: inputGradient.type.code, input_gradient: inputGradient.pointer,
      weight_gradient: layer.weights.requiredGradient, bias_gradient: layer.bias.requiredGradient)
    try KernelError.check(hpm_mean_output_backward(context, &work), layer.described("mean output's gradient", rows: input.rows))
  }
}
