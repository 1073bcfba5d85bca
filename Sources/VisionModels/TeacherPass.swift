package import Kernels
import Masking
import Tensors

/// The EMA teacher of a training step: encoder and loss predictor forward, nothing kept, never the reconstructor.
///
/// Belongs to the thread of its operations.
package final class TeacherPass<Operations: TrainingOperations> {
  private let network: NetworkParameters
  private let operations: Operations
  private let embedding: TrainedEmbedding<Operations>
  private let encoder: TrainedStack<Operations>
  private let decoderEmbedding: LinearParameters
  private let maskToken: ParameterView
  private let lossPredictor: TrainedLossPredictor<Operations>?

  package init(_ network: NetworkParameters, operations: Operations) {
    let configuration = network.configuration
    let (width, decoderWidth) = (configuration.encoder.width, configuration.decoder.width)
    self.network = network
    self.operations = operations
    embedding = TrainedEmbedding(network)
    encoder = TrainedStack(blocks: "blocks", norm: "norm", configuration.encoder, of: network)
    decoderEmbedding = network.linear("decoder_embed", inputs: width, outputs: decoderWidth)
    maskToken = network.token("mask_token")
    lossPredictor = TrainedLossPredictor(network)
  }

  /// The predicted loss of every patch, `B · L` numbers in raster order.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised.
  package func predictLoss(
    _ pixels: borrowing Span<Float>, _ visible: VisiblePatches, arena: inout ActivationArena
  ) throws -> [Float] {
    guard let lossPredictor else { preconditionFailure("predicting without a loss predictor") }
    let start = arena.mark
    defer { arena.rewind(to: start) }
    let width = network.configuration.decoder.width
    let latent = try encode(pixels, visible, arena: &arena)
    let narrowed = arena.matrix(rows: latent.rows, columns: width)
    try operations.linear(latent, decoderEmbedding, residual: nil, into: narrowed)
    let tokens = arena.matrix(rows: visible.images * (1 + visible.grid.count), columns: width)
    operations.placeTokens(
      narrowed, filler: maskToken, positions: network.decoderPositions, visible.decoderPlacement, into: tokens)
    let decoded = try lossPredictor.stack.apply(to: tokens, sequences: visible.images, operations: operations, arena: &arena)
    let losses = arena.matrix(rows: tokens.rows, columns: 1)
    try operations.meanOfOutputs(decoded, lossPredictor.head, into: losses)
    let perToken = losses.floats
    let length = 1 + visible.grid.count
    return (0..<visible.images).flatMap { perToken[$0 * length + 1..<($0 + 1) * length] }
  }

  /// The encoder's normalised tokens `[B · (1 + V), D]`, of activation type, carved from the arena.
  package func encode(
    _ pixels: borrowing Span<Float>, _ visible: VisiblePatches, arena: inout ActivationArena
  ) throws -> Matrix {
    let embedded = try embedding.forward(pixels, visible, operations: operations, arena: &arena)
    return try encoder.apply(to: embedded.tokens, sequences: visible.images, operations: operations, arena: &arena)
  }

  /// The class token's attention to every patch in the encoder's last block, mean over heads: `B · L` numbers (AttMask).
  package func classAttention(
    _ pixels: borrowing Span<Float>, images: Int, arena: inout ActivationArena
  ) throws -> [Float] {
    let start = arena.mark
    defer { arena.rewind(to: start) }
    let visible = VisiblePatches.all(of: network.configuration.grid, images: images)
    let embedded = try embedding.forward(pixels, visible, operations: operations, arena: &arena)
    return try encoder.classAttention(of: embedded.tokens, sequences: images, operations: operations, arena: &arena)
  }
}
