import Kernels
import Tensors

/// The gradient of the residual stream: float32, and the copy in the type that matrix products read where that is another.
struct ResidualGradient {
  let exact: Matrix
  let rounded: Matrix?

  init(rows: Int, columns: Int, operations: some TrainingOperations, arena: inout ActivationArena) {
    exact = arena.matrix(rows: rows, columns: columns)
    rounded =
      operations.activationType == .float32 ? nil : arena.matrix(rows: rows, columns: columns, type: operations.activationType)
  }

  /// What matrix products read.
  var operand: Matrix { rounded ?? exact }
}

/// A pre-norm transformer block in training: x ← x + attention(norm₁(x)), x ← x + perceptron(norm₂(x)), and its gradient.
struct TrainedBlock<Operations: TrainingOperations> {
  private let firstNorm: LayerNormParameters
  private let queryKeyValue: LinearParameters
  private let projection: LinearParameters
  private let secondNorm: LayerNormParameters
  private let expansion: LinearParameters
  private let contraction: LinearParameters
  private let heads: Int

  init(_ name: String, _ configuration: TransformerConfiguration, of network: NetworkParameters) {
    let (width, hidden) = (configuration.width, configuration.hiddenWidth)
    heads = configuration.heads
    firstNorm = network.layerNorm(name + ".norm1")
    queryKeyValue = network.linear(name + ".attn.qkv", inputs: width, outputs: 3 * width)
    projection = network.linear(name + ".attn.proj", inputs: width, outputs: width)
    secondNorm = network.layerNorm(name + ".norm2")
    expansion = network.linear(name + ".mlp.fc1", inputs: width, outputs: hidden)
    contraction = network.linear(name + ".mlp.fc2", inputs: hidden, outputs: width)
  }

  /// What backward reads again of a forward pass. `R` are the rows asked for, all or some of the block's.
  struct Record {
    let input: Matrix
    let sequences: Int
    let firstStatistics: Matrix
    let firstNormalised: Matrix
    let queryKeyValue: Matrix
    let logSumExp: Matrix
    let mixed: Matrix
    let asked: [Int32]?
    /// `mixed` at the rows asked for, `[R, D]`.
    let askedMixed: Matrix
    let middle: Matrix
    let secondStatistics: Matrix
    let secondNormalised: Matrix
    let preActivation: Matrix
    let hidden: Matrix
  }

  // MARK: Without a gradient

  /// Changes `tokens [sequences · N, D]` in place and keeps nothing.
  func apply(to tokens: Matrix, sequences: Int, _ room: BlockRoom, operations: Operations) throws {
    operations.layerNorm(tokens, firstNorm, statistics: nil, into: room.normalised)
    try operations.linear(room.normalised, queryKeyValue, residual: nil, into: room.queryKeyValue)
    try operations.attention(room.queryKeyValue, sequences: sequences, heads: heads, logSumExp: nil, into: room.normalised)
    try operations.linear(room.normalised, projection, residual: tokens, into: tokens)
    operations.layerNorm(tokens, secondNorm, statistics: nil, into: room.normalised)
    try operations.linearGELU(room.normalised, expansion, preActivation: nil, into: room.hidden)
    try operations.linear(room.hidden, contraction, residual: tokens, into: tokens)
  }

  /// What each sequence's class token attends to, mean over heads; `tokens` are not changed.
  func classAttention(of tokens: Matrix, sequences: Int, _ room: BlockRoom, operations: Operations) throws -> [Float] {
    operations.layerNorm(tokens, firstNorm, statistics: nil, into: room.normalised)
    try operations.linear(room.normalised, queryKeyValue, residual: nil, into: room.queryKeyValue)
    return operations.classAttention(room.queryKeyValue, sequences: sequences, heads: heads)
  }

  // MARK: With one

  /// The block's output at the rows `asked` for (all where `nil`); `input` is not changed and must stay.
  func forward(
    _ input: Matrix, sequences: Int, asked: [Int32]?, operations: Operations, arena: inout ActivationArena
  ) throws -> (output: Matrix, record: Record) {
    let (rows, width, type) = (input.rows, input.columns, operations.activationType)
    let firstStatistics = arena.matrix(rows: rows, columns: 2)
    let firstNormalised = arena.matrix(rows: rows, columns: width, type: type)
    operations.layerNorm(input, firstNorm, statistics: firstStatistics, into: firstNormalised)
    let projected = arena.matrix(rows: rows, columns: 3 * width, type: type)
    try operations.linear(firstNormalised, queryKeyValue, residual: nil, into: projected)
    let logSumExp = arena.matrix(rows: sequences * heads, columns: rows / sequences)
    let mixed = arena.matrix(rows: rows, columns: width, type: type)
    try operations.attention(projected, sequences: sequences, heads: heads, logSumExp: logSumExp, into: mixed)
    var (residual, askedMixed) = (input, mixed)
    if let asked {
      residual = arena.matrix(rows: asked.count, columns: width)
      askedMixed = arena.matrix(rows: asked.count, columns: width, type: type)
      operations.gatherRows(input, rows: asked, into: residual)
      operations.gatherRows(mixed, rows: asked, into: askedMixed)
    }
    let middle = arena.matrix(rows: residual.rows, columns: width)
    try operations.linear(askedMixed, projection, residual: residual, into: middle)
    let perceptron = try perceptronForward(middle, operations: operations, arena: &arena)
    let record = Record(
      input: input, sequences: sequences, firstStatistics: firstStatistics, firstNormalised: firstNormalised, queryKeyValue: projected,
      logSumExp: logSumExp, mixed: mixed, asked: asked, askedMixed: askedMixed, middle: middle,
      secondStatistics: perceptron.statistics, secondNormalised: perceptron.normalised, preActivation: perceptron.preActivation,
      hidden: perceptron.hidden)
    return (perceptron.output, record)
  }

  private typealias Perceptron = (statistics: Matrix, normalised: Matrix, preActivation: Matrix, hidden: Matrix, output: Matrix)

  private func perceptronForward(_ middle: Matrix, operations: Operations, arena: inout ActivationArena) throws -> Perceptron {
    let (rows, width, type) = (middle.rows, middle.columns, operations.activationType)
    let statistics = arena.matrix(rows: rows, columns: 2)
    let normalised = arena.matrix(rows: rows, columns: width, type: type)
    operations.layerNorm(middle, secondNorm, statistics: statistics, into: normalised)
    let preActivation = arena.matrix(rows: rows, columns: expansion.outputs, type: type)
    let hidden = arena.matrix(rows: rows, columns: expansion.outputs, type: type)
    try operations.linearGELU(normalised, expansion, preActivation: preActivation, into: hidden)
    let output = arena.matrix(rows: rows, columns: width)
    try operations.linear(hidden, contraction, residual: middle, into: output)
    return (statistics, normalised, preActivation, hidden, output)
  }

  /// Turns the gradient of the output, at the rows asked for, into that of the input, and adds to the parameters' gradients.
  ///
  /// - Returns: `gradient` itself, changed in place, or where only some rows were asked for `whole`, which has all of them.
  func backward(
    _ gradient: ResidualGradient, _ record: Record, whole: ResidualGradient, _ room: BlockRoom, _ accumulation: Accumulation,
    operations: Operations
  ) throws -> ResidualGradient {
    try perceptronBackward(gradient, record, room, accumulation, operations: operations)
    try operations.linearParameterGradients(gradient.operand, input: record.askedMixed, projection, accumulation)
    let mixedGradient = room.normalised
    var residual = gradient
    if let asked = record.asked {
      let askedGradient = room.attended.prefix(rows: asked.count)
      try operations.linearInputGradient(gradient.operand, projection, .store, into: askedGradient)
      mixedGradient.clear()
      operations.scatterAddRows(askedGradient, rows: asked, into: mixedGradient)
      whole.exact.clear()
      operations.scatterAddRows(gradient.exact, rows: asked, into: whole.exact)
      residual = whole
    } else {
      try operations.linearInputGradient(gradient.operand, projection, .store, into: mixedGradient)
    }
    try operations.attentionBackward(
      mixedGradient, queryKeyValue: record.queryKeyValue, output: record.mixed, logSumExp: record.logSumExp, sequences: record.sequences,
      heads: heads, into: room.queryKeyValue)
    try operations.linearParameterGradients(room.queryKeyValue, input: record.firstNormalised, queryKeyValue, accumulation)
    try operations.linearInputGradient(room.queryKeyValue, queryKeyValue, .store, into: room.normalised)
    try operations.layerNormBackward(
      room.normalised, input: record.input, statistics: record.firstStatistics, firstNorm, .add, into: residual.exact,
      rounded: residual.rounded)
    return residual
  }

  private func perceptronBackward(
    _ gradient: ResidualGradient, _ record: Record, _ room: BlockRoom, _ accumulation: Accumulation, operations: Operations
  ) throws {
    let (hidden, normalised) = (room.hidden.prefix(rows: record.middle.rows), room.normalised.prefix(rows: record.middle.rows))
    try operations.linearParameterGradients(gradient.operand, input: record.hidden, contraction, accumulation)
    try operations.hiddenGradient(
      gradient.operand, contraction: contraction, preActivation: record.preActivation, expansion: expansion, into: hidden)
    try operations.linearWeightGradient(hidden, input: record.secondNormalised, expansion, accumulation)
    try operations.linearInputGradient(hidden, expansion, .store, into: normalised)
    try operations.layerNormBackward(
      normalised, input: record.middle, statistics: record.secondStatistics, secondNorm, .add, into: gradient.exact,
      rounded: gradient.rounded)
  }
}

/// Matrices that a stack's blocks take turns to use: between layers on the way forward, for gradients on the way back.
struct BlockRoom {
  /// `[rows, D]`.
  let normalised: Matrix
  /// `[rows, D]`; for the block of which only some rows are asked.
  let attended: Matrix
  /// `[rows, 3D]`.
  let queryKeyValue: Matrix
  /// `[rows, hidden]`.
  let hidden: Matrix

  init(_ configuration: TransformerConfiguration, rows: Int, operations: some TrainingOperations, arena: inout ActivationArena) {
    let type = operations.activationType
    normalised = arena.matrix(rows: rows, columns: configuration.width, type: type)
    attended = arena.matrix(rows: rows, columns: configuration.width, type: type)
    queryKeyValue = arena.matrix(rows: rows, columns: 3 * configuration.width, type: type)
    hidden = arena.matrix(rows: rows, columns: configuration.hiddenWidth, type: type)
  }
}
