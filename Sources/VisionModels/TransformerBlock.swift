import Kernels
import Tensors

/// A pre-norm transformer block: x ← x + attention(norm₁(x)), x ← x + perceptron(norm₂(x)) (Dosovitskiy et al., 2021, eq. 2–3).
final class TransformerBlock<Operations: OperationSet> {
  private let firstNorm: LayerNormWeights
  private let queryKeyValue: Operations.LinearWeights
  private let projection: Operations.LinearWeights
  private let secondNorm: LayerNormWeights
  private let expansion: Operations.LinearWeights
  private let contraction: Operations.LinearWeights

  init(_ name: String, _ configuration: TransformerConfiguration, reader: ParameterReader<some ParameterSource, Operations>) throws {
    let (width, hidden) = (configuration.width, configuration.hiddenWidth)
    firstNorm = try reader.layerNorm(name + ".norm1", width: width)
    queryKeyValue = try reader.linear(name + ".attn.qkv", inputs: width, outputs: 3 * width)
    projection = try reader.linear(name + ".attn.proj", inputs: width, outputs: width)
    secondNorm = try reader.layerNorm(name + ".norm2", width: width)
    expansion = try reader.linear(name + ".mlp.fc1", inputs: width, outputs: hidden)
    contraction = try reader.linear(name + ".mlp.fc2", inputs: hidden, outputs: width)
  }

  /// Changes `tokens [sequences · N, D]` in place.
  func apply(to tokens: Matrix, sequences: Int, _ pass: TransformerPass<Operations>) throws {
    let operations = pass.operations
    operations.layerNorm(tokens, scale: firstNorm.scale, shift: firstNorm.shift, epsilon: pass.epsilon, into: pass.normalised)
    try operations.linear(pass.normalised, queryKeyValue, .store, into: pass.queryKeyValue)
    try operations.attention(pass.queryKeyValue, sequences: sequences, heads: pass.heads, into: pass.normalised)
    try operations.linear(pass.normalised, projection, .addToOutput, into: tokens)
    operations.layerNorm(tokens, scale: secondNorm.scale, shift: secondNorm.shift, epsilon: pass.epsilon, into: pass.normalised)
    try operations.linear(pass.normalised, expansion, pass.activation, into: pass.hidden)
    try operations.linear(pass.hidden, contraction, .addToOutput, into: tokens)
  }

  /// What the class token of each sequence attends to, averaged over heads: `sequences · (N − 1)` numbers; `tokens` are not changed.
  func classAttention(of tokens: Matrix, sequences: Int, _ pass: TransformerPass<Operations>) throws -> [Float] {
    let operations = pass.operations
    operations.layerNorm(tokens, scale: firstNorm.scale, shift: firstNorm.shift, epsilon: pass.epsilon, into: pass.normalised)
    try operations.linear(pass.normalised, queryKeyValue, .store, into: pass.queryKeyValue)
    return operations.classAttention(pass.queryKeyValue, sequences: sequences, heads: pass.heads)
  }
}

/// What the blocks of one stack share during a pass: operations, and the matrices between their layers.
struct TransformerPass<Operations: OperationSet> {
  let operations: Operations
  let heads: Int
  let epsilon: Float
  /// What the hidden layer of a perceptron goes through.
  let activation: Epilogue
  /// `[rows, D]`: input of the next linear layer.
  let normalised: Matrix
  /// `[rows, 3D]`.
  let queryKeyValue: Matrix
  /// `[rows, hidden]`.
  let hidden: Matrix

  init(
    _ configuration: TransformerConfiguration, rows: Int, epsilon: Float, activation: Epilogue = .gelu, operations: Operations,
    arena: inout ActivationArena
  ) {
    self.operations = operations
    self.epsilon = epsilon
    self.activation = activation
    heads = configuration.heads
    normalised = arena.matrix(rows: rows, columns: configuration.width, type: operations.activationType)
    queryKeyValue = arena.matrix(rows: rows, columns: 3 * configuration.width, type: operations.activationType)
    hidden = arena.matrix(rows: rows, columns: configuration.hiddenWidth, type: operations.activationType)
  }
}
