package import Tensors

extension ReferenceTrainingOperations {
  package func attention(
    _ queryKeyValue: Matrix, sequences: Int, heads: Int, logSumExp: Matrix?, into output: Matrix
  ) throws(KernelError) {
    let shape = AttentionShape(queryKeyValue, sequences: sequences, heads: heads)
    shape.check(queryKeyValue, output: output, logSumExp: logSumExp, heads: heads)
    let plain = PlainAttention(sequences: sequences, tokens: shape.tokens, width: shape.width, heads: heads)
    let result = plain.forward(queryKeyValue.doubles)
    output.store(result.output)
    logSumExp?.store(result.logSumExp)
  }

  package func attentionBackward(
    _ outputGradient: Matrix, queryKeyValue: Matrix, output: Matrix, logSumExp: Matrix, sequences: Int, heads: Int,
    into gradient: Matrix
  ) throws(KernelError) {
    let shape = AttentionShape(queryKeyValue, sequences: sequences, heads: heads)
    shape.check(queryKeyValue, output: output, logSumExp: logSumExp, heads: heads)
    outputGradient.checkShape(of: output, "attentionBackward")
    gradient.checkShape(of: queryKeyValue, "attentionBackward")
    let plain = PlainAttention(sequences: sequences, tokens: shape.tokens, width: shape.width, heads: heads)
    gradient.store(
      plain.backward(
        outputGradient.doubles, x: queryKeyValue.doubles, output: output.doubles, logSumExp: logSumExp.doubles))
  }

  package func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float] {
    ReferenceOperations(precision: precision).classAttention(queryKeyValue, sequences: sequences, heads: heads)
  }

  package func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix) {
    ReferenceOperations(precision: precision).gatherPatches(pixels, selection, into: output)
  }

  package func placeTokens(
    _ source: Matrix, filler: ParameterView, positions: borrowing Buffer<Float>, _ placement: TokenPlacement, into output: Matrix
  ) {
    let filler = Buffer(filler.doubles.map { Float($0) })
    ReferenceOperations(precision: precision).placeTokens(source, filler: filler, positions: positions, placement, into: output)
  }

  package func placeTokensBackward(
    _ outputGradient: Matrix, filler: ParameterView, _ placement: TokenPlacement, _ accumulation: Accumulation,
    into sourceGradient: Matrix
  ) {
    placement.check(source: sourceGradient, filler: filler.count, output: outputGradient)
    let width = outputGradient.columns
    var (source, fillerGradient) = (
      [Double](repeating: 0, count: sourceGradient.count), [Double](repeating: 0, count: width)
    )
    for (row, from) in placement.sourceRows.enumerated() {
      for column in 0..<width {
        let gradient = Double(outputGradient[row * width + column])
        if from < 0 { fillerGradient[column] += gradient } else { source[Int(from) * width + column] += gradient }
      }
    }
    sourceGradient.store(source, accumulation)
    filler.accumulate(fillerGradient)
  }

  package func gatherRows(_ source: Matrix, rows: [Int32], into output: Matrix) {
    checkSelection(rows, of: source, selected: output)
    for (row, from) in rows.enumerated() {
      for column in 0..<source.columns { output[row * source.columns + column] = source[Int(from) * source.columns + column] }
    }
  }

  package func scatterAddRows(_ source: Matrix, rows: [Int32], into output: Matrix) {
    checkSelection(rows, of: output, selected: source)
    for (row, into) in rows.enumerated() {
      for column in 0..<source.columns { output[Int(into) * source.columns + column] += source[row * source.columns + column] }
    }
  }

  package func convert(_ source: Matrix, into output: Matrix) {
    source.checkShape(of: output, "convert")
    output.store(source.doubles)
  }

  /// The layer's rows averaged: weights `[inputs]` and bias.
  private func meanRow(_ layer: LinearParameters) -> (weights: [Double], bias: Double) {
    let sums = PlainGradients.columnSums(layer.weights.doubles, columns: layer.inputs)
    return (sums.map { $0 / Double(layer.outputs) }, layer.bias.doubles.reduce(0, +) / Double(layer.outputs))
  }

  package func meanOfOutputs(_ input: Matrix, _ layer: LinearParameters, into output: Matrix) throws(KernelError) {
    layer.checkMean(input: input, output: output)
    let mean = meanRow(layer)
    output.store(PlainGradients.linear(input.doubles, weights: mean.weights, bias: [mean.bias]))
  }

  package func meanOfOutputsBackward(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, into inputGradient: Matrix
  ) throws(KernelError) {
    layer.checkMean(input: input, output: outputGradient)
    inputGradient.checkShape(of: input, "meanOfOutputsBackward")
    let gradient = outputGradient.doubles
    inputGradient.store(PlainGradients.linearInputGradient(gradient, weights: meanRow(layer).weights, outputs: 1))
    let weights = PlainGradients.linearWeightGradient(gradient, x: input.doubles, outputs: 1, inputs: layer.inputs)
    let rows = Double(layer.outputs)
    layer.weights.accumulate((0..<layer.weights.count).map { weights[$0 % layer.inputs] / rows })
    layer.bias.accumulate([Double](repeating: gradient.reduce(0, +) / rows, count: layer.outputs))
  }
}
