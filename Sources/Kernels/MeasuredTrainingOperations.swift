package import Tensors

/// Operations that keep note of the time each kind takes, for benchmarks; the numbers are those of `base`.
///
/// Belongs to one thread, as `base` does.
package final class MeasuredTrainingOperations<Base: TrainingOperations>: TrainingOperations {
  private let base: Base
  /// What was measured since the last ``reset()``.
  package private(set) var measure = OperationMeasure()

  package init(_ base: Base) { self.base = base }

  package var precision: Precision { base.precision }

  package func reset() { measure = OperationMeasure() }

  private func timed<Result, Failure: Error>(
    _ kind: OperationKind, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let start = ContinuousClock.now
    defer { note(kind, since: start) }
    return try body()
  }

  private func note(_ kind: OperationKind, since start: ContinuousClock.Instant) {
    measure.add(kind, seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  package func linear(_ input: Matrix, _ layer: LinearParameters, residual: Matrix?, into output: Matrix) throws(KernelError) {
    measure.add(.linear, ProductShape(rows: input.rows, depth: layer.inputs, columns: layer.outputs))
    try timed(.linear) { () throws(KernelError) in try base.linear(input, layer, residual: residual, into: output) }
  }

  package func linearGELU(
    _ input: Matrix, _ layer: LinearParameters, preActivation: Matrix?, into output: Matrix
  ) throws(KernelError) {
    measure.add(.linearGELU, ProductShape(rows: input.rows, depth: layer.inputs, columns: layer.outputs))
    try timed(.linearGELU) { () throws(KernelError) in try base.linearGELU(input, layer, preActivation: preActivation, into: output) }
  }

  package func linearInputGradient(
    _ outputGradient: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation, into inputGradient: Matrix
  ) throws(KernelError) {
    measure.add(.inputGradient, ProductShape(rows: outputGradient.rows, depth: layer.outputs, columns: layer.inputs))
    try timed(.inputGradient) { () throws(KernelError) in
      try base.linearInputGradient(outputGradient, layer, accumulation, into: inputGradient)
    }
  }

  package func linearWeightGradient(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation
  ) throws(KernelError) {
    measure.add(.weightGradient, ProductShape(rows: layer.outputs, depth: input.rows, columns: layer.inputs))
    try timed(.weightGradient) { () throws(KernelError) in
      try base.linearWeightGradient(outputGradient, input: input, layer, accumulation)
    }
  }

  package func linearBiasGradient(_ outputGradient: Matrix, _ layer: LinearParameters) throws(KernelError) {
    try timed(.biasGradient) { () throws(KernelError) in try base.linearBiasGradient(outputGradient, layer) }
  }

  package func hiddenGradient(
    _ outputGradient: Matrix, contraction: LinearParameters, preActivation: Matrix, expansion: LinearParameters,
    into hiddenGradient: Matrix
  ) throws(KernelError) {
    measure.add(.hiddenGradient, ProductShape(rows: outputGradient.rows, depth: contraction.outputs, columns: contraction.inputs))
    try timed(.hiddenGradient) { () throws(KernelError) in
      try base.hiddenGradient(
        outputGradient, contraction: contraction, preActivation: preActivation, expansion: expansion, into: hiddenGradient)
    }
  }

  package func layerNorm(_ input: Matrix, _ parameters: LayerNormParameters, statistics: Matrix?, into output: Matrix) {
    timed(.norm) { base.layerNorm(input, parameters, statistics: statistics, into: output) }
  }

  package func layerNormBackward(
    _ outputGradient: Matrix, input: Matrix, statistics: Matrix, _ parameters: LayerNormParameters, _ accumulation: Accumulation,
    into inputGradient: Matrix, rounded: Matrix?
  ) throws(KernelError) {
    try timed(.normGradient) { () throws(KernelError) in
      try base.layerNormBackward(
        outputGradient, input: input, statistics: statistics, parameters, accumulation, into: inputGradient, rounded: rounded)
    }
  }

  package func gradientNorm(_ arena: ParameterArena) throws(KernelError) -> Double {
    try timed(.gradientNorm) { () throws(KernelError) in try base.gradientNorm(arena) }
  }

  package func adamW(_ arena: ParameterArena, groups: [ParameterGroup], _ step: AdamWStep, average: MovingAverage?) {
    timed(.optimizer) { base.adamW(arena, groups: groups, step, average: average) }
  }
}

// MARK: Attention, tokens and losses

extension MeasuredTrainingOperations {
  package func attention(
    _ queryKeyValue: Matrix, sequences: Int, heads: Int, logSumExp: Matrix?, into output: Matrix
  ) throws(KernelError) {
    // Scores and their mixture: two products a head.
    measure.add(.attention, attentionOperations: 4 * Double(output.count) * Double(queryKeyValue.rows / sequences))
    try timed(.attention) { () throws(KernelError) in
      try base.attention(queryKeyValue, sequences: sequences, heads: heads, logSumExp: logSumExp, into: output)
    }
  }

  package func attentionBackward(
    _ outputGradient: Matrix, queryKeyValue: Matrix, output: Matrix, logSumExp: Matrix, sequences: Int, heads: Int,
    into gradient: Matrix
  ) throws(KernelError) {
    // Four products a head; the fifth recomputes the scores, and is not counted.
    measure.add(.attentionGradient, attentionOperations: 8 * Double(output.count) * Double(queryKeyValue.rows / sequences))
    try timed(.attentionGradient) { () throws(KernelError) in
      try base.attentionBackward(
        outputGradient, queryKeyValue: queryKeyValue, output: output, logSumExp: logSumExp, sequences: sequences, heads: heads,
        into: gradient)
    }
  }

  package func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float] {
    timed(.attention) { base.classAttention(queryKeyValue, sequences: sequences, heads: heads) }
  }

  package func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix) {
    let start = ContinuousClock.now
    base.gatherPatches(pixels, selection, into: output)
    note(.tokens, since: start)
  }

  package func placeTokens(
    _ source: Matrix, filler: ParameterView, positions: borrowing Buffer<Float>, _ placement: TokenPlacement, into output: Matrix
  ) {
    let start = ContinuousClock.now
    base.placeTokens(source, filler: filler, positions: positions, placement, into: output)
    note(.tokens, since: start)
  }

  package func placeTokensBackward(
    _ outputGradient: Matrix, filler: ParameterView, _ placement: TokenPlacement, _ accumulation: Accumulation,
    into sourceGradient: Matrix
  ) {
    timed(.tokens) { base.placeTokensBackward(outputGradient, filler: filler, placement, accumulation, into: sourceGradient) }
  }

  package func gatherRows(_ source: Matrix, rows: [Int32], into output: Matrix) {
    timed(.tokens) { base.gatherRows(source, rows: rows, into: output) }
  }

  package func scatterAddRows(_ source: Matrix, rows: [Int32], into output: Matrix) {
    timed(.tokens) { base.scatterAddRows(source, rows: rows, into: output) }
  }

  package func convert(_ source: Matrix, into output: Matrix) { timed(.tokens) { base.convert(source, into: output) } }

  package func meanOfOutputs(_ input: Matrix, _ layer: LinearParameters, into output: Matrix) throws(KernelError) {
    try timed(.losses) { () throws(KernelError) in try base.meanOfOutputs(input, layer, into: output) }
  }

  package func meanOfOutputsBackward(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, into inputGradient: Matrix
  ) throws(KernelError) {
    try timed(.losses) { () throws(KernelError) in
      try base.meanOfOutputsBackward(outputGradient, input: input, layer, into: inputGradient)
    }
  }

  package func gatherTargets(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, _ targets: PixelTargets, into output: Matrix) {
    let start = ContinuousClock.now
    base.gatherTargets(pixels, selection, targets, into: output)
    note(.losses, since: start)
  }

  package func squaredError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix) {
    timed(.losses) { base.squaredError(predicted, target: target, losses: losses, into: gradient) }
  }

  package func directionError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix) {
    timed(.losses) { base.directionError(predicted, target: target, losses: losses, into: gradient) }
  }
}
