import Kernels
import Tensors

/// A stack of blocks and its final norm in training: the encoder's, the reconstructor's or the loss predictor's.
struct TrainedStack<Operations: TrainingOperations> {
  private let configuration: TransformerConfiguration
  private let blocks: [TrainedBlock<Operations>]
  private let norm: LayerNormParameters

  init(blocks blockName: String, norm normName: String, _ configuration: TransformerConfiguration, of network: NetworkParameters) {
    self.configuration = configuration
    blocks = (0..<configuration.depth).map { TrainedBlock("\(blockName).\($0)", configuration, of: network) }
    norm = network.layerNorm(normName)
  }

  /// What backward reads again of a forward pass.
  struct Record {
    let blocks: [TrainedBlock<Operations>.Record]
    /// Tokens before the final norm, at the rows asked for.
    let tokens: Matrix
    let statistics: Matrix
  }

  // MARK: Without a gradient

  /// The normalised tokens `[rows, D]` of activation type; `tokens` are changed.
  func apply(to tokens: Matrix, sequences: Int, operations: Operations, arena: inout ActivationArena) throws -> Matrix {
    let room = BlockRoom(configuration, rows: tokens.rows, operations: operations, arena: &arena)
    for block in blocks { try block.apply(to: tokens, sequences: sequences, room, operations: operations) }
    operations.layerNorm(tokens, norm, statistics: nil, into: room.normalised)
    return room.normalised
  }

  /// The class token's attention in the last block, mean over heads; `tokens` are changed.
  func classAttention(of tokens: Matrix, sequences: Int, operations: Operations, arena: inout ActivationArena) throws -> [Float] {
    guard let last = blocks.last else { preconditionFailure("class attention of a stack without blocks") }
    let room = BlockRoom(configuration, rows: tokens.rows, operations: operations, arena: &arena)
    for block in blocks.dropLast() { try block.apply(to: tokens, sequences: sequences, room, operations: operations) }
    return try last.classAttention(of: tokens, sequences: sequences, room, operations: operations)
  }

  // MARK: With one

  /// The normalised tokens at the rows `asked` for (all where `nil`), of activation type. Attention needs every row of the last block,
  /// what comes after it only those.
  func forward(
    _ tokens: Matrix, sequences: Int, asked: [Int32]?, operations: Operations, arena: inout ActivationArena
  ) throws -> (output: Matrix, record: Record) {
    precondition(!blocks.isEmpty, "training a stack without blocks")
    var current = tokens
    var records: [TrainedBlock<Operations>.Record] = []
    for (index, block) in blocks.enumerated() {
      let (output, record) = try block.forward(
        current, sequences: sequences, asked: index == blocks.count - 1 ? asked : nil, operations: operations, arena: &arena)
      current = output
      records.append(record)
    }
    let statistics = arena.matrix(rows: current.rows, columns: 2)
    let output = arena.matrix(rows: current.rows, columns: configuration.width, type: operations.activationType)
    operations.layerNorm(current, norm, statistics: statistics, into: output)
    return (output, Record(blocks: records, tokens: current, statistics: statistics))
  }

  /// The gradient of the tokens that went in, float32 `[rows, D]`, from that of the normalised ones that came out.
  func backward(
    _ outputGradient: Matrix, _ record: Record, _ accumulation: Accumulation, operations: Operations, arena: inout ActivationArena
  ) throws -> Matrix {
    let rows = record.blocks[0].input.rows
    let room = BlockRoom(configuration, rows: rows, operations: operations, arena: &arena)
    let whole = ResidualGradient(rows: rows, columns: configuration.width, operations: operations, arena: &arena)
    var gradient = whole
    if record.tokens.rows != rows {
      gradient = ResidualGradient(rows: record.tokens.rows, columns: configuration.width, operations: operations, arena: &arena)
    }
    try operations.layerNormBackward(
      outputGradient, input: record.tokens, statistics: record.statistics, norm, .store, into: gradient.exact,
      rounded: gradient.rounded)
    for (block, blockRecord) in zip(blocks, record.blocks).reversed() {
      gradient = try block.backward(gradient, blockRecord, whole: whole, room, accumulation, operations: operations)
    }
    return gradient.exact
  }
}
