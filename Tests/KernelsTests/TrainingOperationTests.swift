import Kernels
import Tensors
import Testing

/// Each operation of the training pass beside its plain twin, over shapes that are odd, tiny and as in a ViT.
@Suite struct TrainingOperationTests {
  static let layers = [
    (1, 8, 8), (3, 13, 7), (33, 48, 144), (5, 200, 40), (150, 96, 64), (19, 31, 1), (347, 37, 51), (7, 1600, 6), (70, 128, 192),
  ]
  /// Float32 everywhere; bfloat16 where the processor multiplies it.
  static let precisions = Precision.allCases.filter { $0 == .float32 || Processor.hasBFloat16 }
  static let types = [ElementType.float32, .bfloat16]

  private static func tolerance(_ type: ElementType) -> Float { type == .float32 ? 5e-6 : 1e-2 }

  private static func tolerance(_ precision: Precision) -> Float { precision == .float32 ? 5e-6 : 1e-2 }

  @Test(.enabled(if: Processor.hasBFloat16, "this processor has no AVX-512 BF16: bfloat16 products are not compared"))
  func `bfloat16 is among the precisions compared`() { #expect(Self.precisions.count == 2) }

  @Test(arguments: layers, precisions)
  func `a linear layer and its gradients equal their twins`(
    shape: (rows: Int, inputs: Int, outputs: Int), precision: Precision
  ) throws {
    try expectTwin(precision: precision, tolerance: Self.tolerance(precision)) { operations, desk in
      let type = operations.activationType
      let layer = desk.layer(shape.inputs, shape.outputs)
      let input = desk.matrix(shape.rows, shape.inputs, type)
      let gradient = desk.matrix(shape.rows, shape.outputs, type)
      let residual = desk.matrix(shape.rows, shape.outputs)
      let (stored, placed) = (desk.matrix(shape.rows, shape.outputs, type), desk.matrix(shape.rows, shape.outputs))
      try operations.linear(input, layer, residual: nil, into: stored)
      try operations.linear(input, layer, residual: residual, into: placed)
      let before = placed.floats
      try operations.linear(input, layer, residual: placed, into: placed)
      let (inputGradient, sum) = (desk.matrix(shape.rows, shape.inputs, type), desk.matrix(shape.rows, shape.inputs))
      try operations.linearInputGradient(gradient, layer, .store, into: inputGradient)
      try operations.linearInputGradient(gradient, layer, .add, into: sum)
      try operations.linearParameterGradients(gradient, input: input, layer, .add)
      let added = desk.gradients
      try operations.linearParameterGradients(gradient, input: input, layer, .store)
      return [stored.floats, before, placed.floats, inputGradient.floats, sum.floats, added, desk.gradients]
    }
  }

  @Test(arguments: layers, precisions)
  func `a perceptron's hidden numbers and their gradient equal their twins`(
    shape: (rows: Int, width: Int, hidden: Int), precision: Precision
  ) throws {
    try expectTwin(precision: precision, tolerance: Self.tolerance(precision)) { operations, desk in
      let type = operations.activationType
      let (expansion, contraction) = (desk.layer(shape.width, shape.hidden), desk.layer(shape.hidden, shape.width))
      let input = desk.matrix(shape.rows, shape.width, type, spread: 6)
      let (before, after) = (desk.matrix(shape.rows, shape.hidden, type), desk.matrix(shape.rows, shape.hidden, type))
      try operations.linearGELU(input, expansion, preActivation: before, into: after)
      let alone = desk.matrix(shape.rows, shape.hidden, type)
      try operations.linearGELU(input, expansion, preActivation: nil, into: alone)
      let outputGradient = desk.matrix(shape.rows, shape.width, type)
      let gradient = desk.matrix(shape.rows, shape.hidden, type)
      // The twin's own numbers before the GELU would differ by a rounding.
      let given = desk.matrix(shape.rows, shape.hidden, type, spread: 6)
      try operations.hiddenGradient(outputGradient, contraction: contraction, preActivation: given, expansion: expansion, into: gradient)
      return [before.floats, after.floats, alone.floats, gradient.floats, desk.gradients]
    }
  }

  @Test(arguments: [(1, 2), (7, 13), (197, 96), (33, 48), (300, 5)], types)
  func `layer normalisation and its gradient equal their twins`(shape: (rows: Int, columns: Int), type: ElementType) throws {
    try expectTwin(tolerance: Self.tolerance(type)) { operations, desk in
      let norm = desk.norm(shape.columns)
      let (input, output) = (desk.matrix(shape.rows, shape.columns, spread: 3), desk.matrix(shape.rows, shape.columns, type))
      let statistics = desk.matrix(shape.rows, 2)
      operations.layerNorm(input, norm, statistics: statistics, into: output)
      let gradient = desk.matrix(shape.rows, shape.columns, type)
      let (stored, sum) = (desk.matrix(shape.rows, shape.columns), desk.matrix(shape.rows, shape.columns))
      let rounded = desk.matrix(shape.rows, shape.columns, .bfloat16)
      try operations.layerNormBackward(gradient, input: input, statistics: statistics, norm, .store, into: stored, rounded: nil)
      try operations.layerNormBackward(gradient, input: input, statistics: statistics, norm, .add, into: sum, rounded: rounded)
      #expect(rounded.floats == sum.floats.map { BFloat16($0).float })
      return [output.floats, statistics.floats, stored.floats, sum.floats, desk.gradients]
    }
  }

  @Test(arguments: [(1, 1, 8, 1), (2, 7, 48, 3), (1, 37, 32, 2), (3, 50, 96, 4), (1, 197, 64, 1), (2, 19, 15, 5), (1, 97, 160, 2)], types)
  func `attention and its gradient equal their twins`(
    shape: (sequences: Int, tokens: Int, width: Int, heads: Int), type: ElementType
  ) throws {
    try expectTwin(tolerance: Self.tolerance(type)) { operations, desk in
      let rows = shape.sequences * shape.tokens
      let queryKeyValue = desk.matrix(rows, 3 * shape.width, type, spread: 2)
      let (output, logSumExp) = (desk.matrix(rows, shape.width, type), desk.matrix(shape.sequences * shape.heads, shape.tokens))
      try operations.attention(
        queryKeyValue, sequences: shape.sequences, heads: shape.heads, logSumExp: logSumExp, into: output)
      let (outputGradient, gradient) = (desk.matrix(rows, shape.width, type), desk.matrix(rows, 3 * shape.width, type))
      try operations.attentionBackward(
        outputGradient, queryKeyValue: queryKeyValue, output: output, logSumExp: logSumExp, sequences: shape.sequences,
        heads: shape.heads, into: gradient)
      return [output.floats, logSumExp.floats, gradient.floats]
    }
  }

  @Test(arguments: [1, 21, 64, 130])
  func `placed tokens and their gradients equal their twins`(width: Int) throws {
    let placement = TokenPlacement(sourceRows: [-1, 2, 0, -1, 3, 3], positionRows: [0, 5, 1, 2, 4, 4])
    try expectTwin { operations, desk in
      let (source, output) = (desk.matrix(5, width), desk.matrix(6, width))
      let filler = desk.view(width)
      operations.placeTokens(source, filler: filler, positions: desk.buffer(6 * width), placement, into: output)
      let (gradient, stored, sum) = (desk.matrix(6, width), desk.matrix(5, width), desk.matrix(5, width))
      operations.placeTokensBackward(gradient, filler: filler, placement, .store, into: stored)
      operations.placeTokensBackward(gradient, filler: filler, placement, .add, into: sum)
      return [output.floats, stored.floats, sum.floats, desk.gradients]
    }
  }

  @Test(arguments: [1, 21, 130], types)
  func `chosen rows, gathered and added back, equal their twins`(width: Int, type: ElementType) throws {
    try expectTwin(tolerance: Self.tolerance(type)) { operations, desk in
      let (source, chosen, sum) = (desk.matrix(9, width, type), desk.matrix(4, width, type), desk.matrix(9, width, type))
      operations.gatherRows(source, rows: [8, 0, 3, 3], into: chosen)
      operations.scatterAddRows(chosen, rows: [1, 7, 1, 0], into: sum)
      let (widened, rounded) = (desk.matrix(9, width), desk.matrix(9, width, .bfloat16))
      operations.convert(source, into: widened)
      operations.convert(widened, into: rounded)
      return [chosen.floats, sum.floats, widened.floats, rounded.floats]
    }
  }

  @Test(arguments: [(1, 8, 3), (70, 53, 12), (300, 64, 300)], types)
  func `the mean of a layer's outputs and its gradient equal their twins`(
    shape: (rows: Int, inputs: Int, outputs: Int), type: ElementType
  ) throws {
    try expectTwin(tolerance: Self.tolerance(type)) { operations, desk in
      let layer = desk.layer(shape.inputs, shape.outputs)
      let (input, output) = (desk.matrix(shape.rows, shape.inputs, type), desk.matrix(shape.rows, 1))
      try operations.meanOfOutputs(input, layer, into: output)
      let (gradient, inputGradient) = (desk.matrix(shape.rows, 1), desk.matrix(shape.rows, shape.inputs, type))
      try operations.meanOfOutputsBackward(gradient, input: input, layer, into: inputGradient)
      return [output.floats, inputGradient.floats, desk.gradients]
    }
  }

  @Test func `more shapes than primitives are kept for give the same numbers`() throws {
    let operations = try OneDNNTrainingOperations(precision: .float32, threads: 1)
    for rows in Array(1...110) + [1, 50] {
      func result(_ operations: any TrainingOperations) throws -> [Float] {
        let desk = TrainingDesk(seed: UInt64(rows))
        let (layer, input, output) = (desk.layer(9, 5), desk.matrix(rows, 9), desk.matrix(rows, 5))
        try operations.linear(input, layer, residual: nil, into: output)
        return output.floats
      }
      expectClose(try result(operations), try result(ReferenceTrainingOperations()), tolerance: 5e-6)
    }
  }

  @Test func `a gradient for an arena without gradients traps`() async {
    await #expect(processExitsWith: .failure) {
      let arena = ParameterArena(count: 64, contents: [])
      let layer = LinearParameters(inputs: 4, outputs: 4, weights: arena.view(0..<16), bias: arena.view(16..<20))
      let desk = TrainingDesk(seed: 1)
      try ReferenceTrainingOperations().linearBiasGradient(desk.matrix(2, 4), layer)
    }
  }
}
