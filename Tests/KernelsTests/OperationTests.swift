import Kernels
import Tensors
import Testing

/// Each fast operation beside its plain twin, over shapes that are odd, tiny and as in a ViT.
@Suite struct OperationTests {
  static let teams = [1, 2]

  /// The greatest absolute difference allowed, relative to the greatest magnitude of the twin's result.
  static let tolerance: Float = 2e-6

  @Test(arguments: [(1, 8, 8), (3, 13, 7), (33, 48, 144), (5, 768, 40), (197, 192, 576), (19, 31, 1)], Epilogue.allCases)
  func `a linear layer equals its twin`(shape: (rows: Int, inputs: Int, outputs: Int), epilogue: Epilogue) throws {
    var random = SplitMix64(seed: 1)
    let weights = random.floats(shape.inputs * shape.outputs, spread: 1 / Float(shape.inputs).squareRoot())
    let bias = random.floats(shape.outputs)
    let input = random.floats(shape.rows * shape.inputs)
    let start = random.floats(shape.rows * shape.outputs)
    func result(_ operations: some OperationSet) throws -> [Float] {
      try operations.linear(input, rows: shape.rows, weights: weights, bias: bias, epilogue: epilogue, start: start)
    }
    let expected = try result(ReferenceOperations())
    for threads in Self.teams {
      expectClose(try result(OneDNNOperations(precision: .float32, threads: threads)), expected, tolerance: Self.tolerance)
    }
  }

  @Test func `one layer serves more batch sizes than it keeps primitives for`() throws {
    var random = SplitMix64(seed: 2)
    let (inputs, outputs) = (16, 24)
    let weights = random.floats(inputs * outputs)
    let bias = random.floats(outputs)
    let operations = try OneDNNOperations(precision: .float32, threads: 1)
    let layer = try operations.makeLinear(inputs: inputs, outputs: outputs, typicalRows: 8) { weightSpan, biasSpan in
      for index in weights.indices { weightSpan[index] = weights[index] }
      for index in bias.indices { biasSpan[index] = bias[index] }
    }
    for rows in Array(1...33) + [1] {
      let values = random.floats(rows * inputs)
      var arena = ActivationArena()
      let input = arena.matrix(rows: rows, columns: inputs)
      let output = arena.matrix(rows: rows, columns: outputs)
      input.fill(from: values)
      try operations.linear(input, layer, .store, into: output)
      let expected = try ReferenceOperations().linear(
        values, rows: rows, weights: weights, bias: bias, epilogue: .store, start: [Float](repeating: 0, count: rows * outputs))
      expectClose(output.floats, expected, tolerance: Self.tolerance)
    }
  }

  @Test(arguments: [(1, 1), (7, 13), (197, 768), (33, 48), (2, 5)], [ElementType.float32, .bfloat16])
  func `layer normalisation equals its twin`(shape: (rows: Int, columns: Int), type: ElementType) throws {
    var random = SplitMix64(seed: 3)
    let values = random.floats(shape.rows * shape.columns, spread: 3)
    let scale = Buffer(random.floats(shape.columns))
    let shift = Buffer(random.floats(shape.columns))
    func result(_ operations: some OperationSet) -> [Float] {
      var arena = ActivationArena()
      let input = arena.matrix(rows: shape.rows, columns: shape.columns)
      let output = arena.matrix(rows: shape.rows, columns: shape.columns, type: type)
      input.fill(from: values)
      operations.layerNorm(input, scale: scale, shift: shift, epsilon: 1e-6, into: output)
      return output.floats
    }
    let tolerance = type == .float32 ? Self.tolerance : 1e-2
    for threads in Self.teams {
      expectClose(try result(OneDNNOperations(precision: .float32, threads: threads)), result(ReferenceOperations()), tolerance: tolerance)
    }
  }

  @Test(
    arguments: [(1, 1, 8, 1), (2, 7, 48, 3), (1, 37, 32, 2), (3, 50, 96, 4), (1, 197, 64, 1), (2, 19, 15, 5)],
    [ElementType.float32, .bfloat16])
  func `attention equals its twin`(
    shape: (sequences: Int, tokens: Int, width: Int, heads: Int), type: ElementType
  ) throws {
    var random = SplitMix64(seed: 4)
    let rows = shape.sequences * shape.tokens
    let values = random.floats(rows * 3 * shape.width, spread: 2)
    func result(_ operations: some OperationSet) throws -> (mixed: [Float], classAttention: [Float]) {
      var arena = ActivationArena()
      let input = arena.matrix(rows: rows, columns: 3 * shape.width, type: type)
      let output = arena.matrix(rows: rows, columns: shape.width, type: type)
      input.fill(from: values)
      try operations.attention(input, sequences: shape.sequences, heads: shape.heads, into: output)
      return (output.floats, operations.classAttention(input, sequences: shape.sequences, heads: shape.heads))
    }
    let expected = try result(ReferenceOperations())
    let tolerance = type == .float32 ? Self.tolerance : 1e-2
    for threads in [1, 2, 3] {
      let found = try result(OneDNNOperations(precision: .float32, threads: threads))
      expectClose(found.mixed, expected.mixed, tolerance: tolerance)
      expectClose(found.classAttention, expected.classAttention, tolerance: 1e-5)
    }
  }

  @Test func `attention to scores far apart is finite and picks the greatest`() throws {
    var arena = ActivationArena()
    let tokens = 9
    let input = arena.matrix(rows: tokens, columns: 24)
    let output = arena.matrix(rows: tokens, columns: 8)
    // Query and key of token t are t · 60 in one place: the scores reach 480 · 480 / √8.
    var values: [Float] = []
    for token in 0..<tokens {
      for column in 0..<24 { values.append(Float(token) * (column % 8 == 0 ? 60 : 1)) }
    }
    input.fill(from: values)
    try OneDNNOperations(precision: .float32, threads: 1).attention(input, sequences: 1, heads: 1, into: output)
    let last = Array(output.floats.suffix(8))
    let expected: [Float] = [480, 8, 8, 8, 8, 8, 8, 8]
    #expect(last == expected)
  }

  @Test(arguments: [ElementType.float32, .bfloat16])
  func `gathered patches equal their twin's`(type: ElementType) throws {
    var random = SplitMix64(seed: 5)
    let selection = PatchSelection(
      channels: 3, gridRows: 3, gridColumns: 5, side: 4, patches: [0, 14, 7, 3, 3, 1, 8, 11], patchesPerImage: 4)
    let pixels = random.floats(2 * 3 * 12 * 20)
    func result(_ operations: some OperationSet) -> [Float] {
      var arena = ActivationArena()
      let output = arena.matrix(rows: 8, columns: selection.patchLength, type: type)
      operations.gatherPatches(pixels.span, selection, into: output)
      return output.floats
    }
    #expect(try result(OneDNNOperations(precision: .float32, threads: 2)) == result(ReferenceOperations()))
  }

  @Test func `placed tokens equal their twin's`() throws {
    var random = SplitMix64(seed: 6)
    let width = 21
    let tokens = random.floats(4 * width)
    let filler = Buffer(random.floats(width))
    let positions = Buffer(random.floats(6 * width))
    let placement = TokenPlacement(sourceRows: [-1, 2, 0, -1, 3], positionRows: [0, 5, 1, 2, 4])
    func result(_ operations: some OperationSet) -> [Float] {
      var arena = ActivationArena()
      let source = arena.matrix(rows: 4, columns: width)
      let output = arena.matrix(rows: 5, columns: width)
      source.fill(from: tokens)
      operations.placeTokens(source, filler: filler, positions: positions, placement, into: output)
      return output.floats
    }
    #expect(try result(OneDNNOperations(precision: .float32, threads: 2)) == result(ReferenceOperations()))
  }

  @Test(arguments: [ElementType.float32, .bfloat16])
  func `row products equal their twin's`(type: ElementType) throws {
    var random = SplitMix64(seed: 7)
    let (rows, columns) = (11, 53)
    let values = random.floats(rows * columns)
    let weights = Buffer(random.floats(columns))
    func result(_ operations: some OperationSet) -> [Float] {
      var arena = ActivationArena()
      let input = arena.matrix(rows: rows, columns: columns, type: type)
      input.fill(from: values)
      return operations.rowDot(input, weights: weights, bias: 0.5)
    }
    expectClose(try result(OneDNNOperations(precision: .float32, threads: 2)), result(ReferenceOperations()), tolerance: Self.tolerance)
  }

  @Test(.enabled(if: Processor.hasBFloat16, "this processor has no AVX-512 BF16"), arguments: Epilogue.allCases)
  func `a bfloat16 layer equals its twin on the same rounded numbers`(epilogue: Epilogue) throws {
    var random = SplitMix64(seed: 8)
    let (rows, inputs, outputs) = (33, 96, 48)
    let weights = random.floats(inputs * outputs, spread: 0.1)
    let bias = random.floats(outputs)
    let input = random.floats(rows * inputs)
    let start = random.floats(rows * outputs)
    func result(_ operations: some OperationSet) throws -> [Float] {
      try operations.linear(input, rows: rows, weights: weights, bias: bias, epilogue: epilogue, start: start)
    }
    expectClose(
      try result(OneDNNOperations(precision: .bfloat16, threads: 2)), try result(ReferenceOperations(precision: .bfloat16)), tolerance: 1e-2
    )
  }

  @Test(.enabled(if: !Processor.hasBFloat16, "this processor has AVX-512 BF16"))
  func `bfloat16 is refused where the processor lacks it`() {
    #expect(throws: KernelError.bfloat16Unavailable) { _ = try OneDNNOperations(precision: .bfloat16, threads: 1) }
  }

  @Test func `a matrix of the wrong width traps with both shapes`() async {
    await #expect(processExitsWith: .failure) {
      var arena = ActivationArena()
      let matrix = arena.matrix(rows: 2, columns: 7)
      let vector = Buffer<Float>(repeating: 1, count: 8)
      let operations = try OneDNNOperations(precision: .float32, threads: 1)
      operations.layerNorm(matrix, scale: vector, shift: vector, epsilon: 1e-6, into: matrix)
    }
  }
}

extension OperationSet {
  /// One linear layer over `rows` rows of `input`, its output starting as `start`.
  fileprivate func linear(
    _ input: [Float], rows: Int, weights: [Float], bias: [Float], epilogue: Epilogue, start: [Float]
  ) throws -> [Float] {
    let outputs = bias.count
    let inputs = weights.count / outputs
    let layer = try makeLinear(inputs: inputs, outputs: outputs, typicalRows: rows) { weightSpan, biasSpan in
      for index in weights.indices { weightSpan[index] = weights[index] }
      for index in bias.indices { biasSpan[index] = bias[index] }
    }
    var arena = ActivationArena()
    let source = arena.matrix(rows: rows, columns: inputs, type: activationType)
    let output = arena.matrix(rows: rows, columns: outputs)
    source.fill(from: input)
    output.fill(from: start)
    try linear(source, layer, epilogue, into: output)
    return output.floats
  }
}

extension SplitMix64 {
  /// Numbers spread evenly around zero.
  mutating func floats(_ count: Int, spread: Float = 1) -> [Float] {
    (0..<count).map { _ in (nextUnitFloat() * 2 - 1) * spread }
  }
}

/// Expects equal counts, and differences below `tolerance` of the greatest expected magnitude.
func expectClose(_ found: [Float], _ expected: [Float], tolerance: Float, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(found.count == expected.count, sourceLocation: sourceLocation)
  let magnitude = max(expected.lazy.map(abs).max() ?? 0, 1)
  let difference = zip(found, expected).lazy.map { abs($0 - $1) }.max() ?? 0
  #expect(difference <= tolerance * magnitude, "off by \(difference) of \(magnitude)", sourceLocation: sourceLocation)
  let isFinite = found.allSatisfy { $0.isFinite }
  #expect(isFinite, sourceLocation: sourceLocation)
}
