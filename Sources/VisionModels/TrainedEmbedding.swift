import Kernels
import Masking
import Tensors

/// Patch embedding, class token and positions in training.
struct TrainedEmbedding<Operations: TrainingOperations> {
  private let network: NetworkParameters
  private let projection: LinearParameters
  private let classToken: ParameterView

  init(_ network: NetworkParameters) {
    self.network = network
    projection = network.linear(
      "patch_embed.proj", inputs: network.configuration.patchLength, outputs: network.configuration.encoder.width)
    classToken = network.token("cls_token")
  }

  /// The encoder's tokens `[B · (1 + V), D]`, float32, and the patches `[B · V, P·P·C]` they were made of.
  func forward(
    _ pixels: borrowing Span<Float>, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena
  ) throws -> (tokens: Matrix, patches: Matrix) {
    let configuration = network.configuration
    let patches = arena.matrix(rows: visible.indices.count, columns: configuration.patchLength, type: operations.activationType)
    operations.gatherPatches(pixels, visible.selection(configuration), into: patches)
    let embedded = arena.matrix(rows: patches.rows, columns: configuration.encoder.width)
    try operations.linear(patches, projection, residual: nil, into: embedded)
    let tokens = arena.matrix(rows: visible.images * (1 + visible.perImage), columns: configuration.encoder.width)
    operations.placeTokens(
      embedded, filler: classToken, positions: network.positions, visible.encoderPlacement, into: tokens)
    return (tokens, patches)
  }

  /// Adds to the gradients of projection and class token.
  func backward(
    _ tokenGradient: Matrix, _ visible: VisiblePatches, patches: Matrix, operations: Operations, arena: inout ActivationArena
  ) throws {
    let embeddedGradient = arena.matrix(rows: patches.rows, columns: tokenGradient.columns)
    operations.placeTokensBackward(
      tokenGradient, filler: classToken, visible.encoderPlacement, .store, into: embeddedGradient)
    let operand = operations.operand(embeddedGradient, arena: &arena)
    try operations.linearParameterGradients(operand, input: patches, projection)
  }
}
