import Kernels
import Masking
import Tensors

/// Patch embedding, class token and positions in training.
struct TrainedEmbedding<Operations: TrainingOperations> {
  private let network: NetworkParameters
  private let projection: LinearParameters
  private let classToken: ParameterView
  private let secondaryMasking: SecondaryMasking<Operations>?

  init(_ network: NetworkParameters) {
    self.network = network
    projection = network.linear(
      "patch_embed.proj", inputs: network.configuration.patchLength, outputs: network.configuration.encoder.width)
    classToken = network.token("cls_token")
    secondaryMasking = SecondaryMasking(network)
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
    let seen = visible.replaced.isEmpty ? embedded : replacing(embedded, visible, operations: operations, arena: &arena)
    let tokens = arena.matrix(rows: visible.images * (1 + visible.perImage), columns: configuration.encoder.width)
    operations.placeTokens(
      seen, filler: classToken, positions: network.positions, visible.encoderPlacement, into: tokens)
    return (tokens, patches)
  }

  private func replacing(
    _ embedded: Matrix, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena
  ) -> Matrix {
    guard let secondaryMasking else { preconditionFailure("secondary masking in a network without its token") }
    return secondaryMasking.forward(embedded, visible, operations: operations, arena: &arena)
  }

  /// Adds to the gradients of projection, class token and the token of secondary masking.
  func backward(
    _ tokenGradient: Matrix, _ visible: VisiblePatches, patches: Matrix, _ accumulation: Accumulation, operations: Operations,
    arena: inout ActivationArena
  ) throws {
    var embeddedGradient = arena.matrix(rows: patches.rows, columns: tokenGradient.columns)
    operations.placeTokensBackward(
      tokenGradient, filler: classToken, visible.encoderPlacement, .store, into: embeddedGradient)
    if let secondaryMasking, !visible.replaced.isEmpty {
      embeddedGradient = secondaryMasking.backward(embeddedGradient, visible, operations: operations, arena: &arena)
    }
    let operand = operations.operand(embeddedGradient, arena: &arena)
    try operations.linearParameterGradients(operand, input: patches, projection, accumulation)
  }
}
