package import Kernels
import Masking
import Tensors

/// The student of a training step: encoder on the visible patches, both decoders, and their gradients (HPM, Algorithm 1).
///
/// Belongs to the thread of its operations. A forward pass is followed by its backward pass, on the same arena.
package final class StudentPass<Operations: TrainingOperations> {
  private let network: NetworkParameters
  private let operations: Operations
  private let embedding: TrainedEmbedding<Operations>
  private let encoder: TrainedStack<Operations>
  private let decoderEmbedding: LinearParameters
  private let maskToken: ParameterView
  private let reconstructor: TrainedStack<Operations>
  private let reconstructorHead: LinearParameters
  private let lossPredictor: TrainedLossPredictor<Operations>?
  private var record: Record?

  /// What backward reads again of the last forward pass.
  private struct Record {
    let visible: VisiblePatches
    let patches: Matrix
    let encoder: TrainedStack<Operations>.Record
    let latent: Matrix
    let reconstructor: Decoded
    let lossPredictor: Decoded?
  }

  private struct Decoded {
    let tokens: Matrix
    let record: TrainedStack<Operations>.Record
  }

  /// What the decoders say of every hidden patch, images one after another, raster order within one.
  package struct Output {
    /// `[B · M, P·P·C]` (or a feature's width), float32; pixels of a patch ordered (y, x, channel).
    package let reconstruction: Matrix
    /// `[B · M, 1]`, float32; `nil` for a network without a loss predictor.
    package let predictedLoss: Matrix?
  }

  /// A pass over a network whose arena holds gradients.
  package init(_ network: NetworkParameters, operations: Operations) {
    let configuration = network.configuration
    let (width, decoderWidth) = (configuration.encoder.width, configuration.decoder.width)
    self.network = network
    self.operations = operations
    embedding = TrainedEmbedding(network)
    encoder = TrainedStack(blocks: "blocks", norm: "norm", configuration.encoder, of: network)
    decoderEmbedding = network.linear("decoder_embed", inputs: width, outputs: decoderWidth)
    maskToken = network.token("mask_token")
    reconstructor = TrainedStack(blocks: "decoder_blocks", norm: "decoder_norm", configuration.decoder, of: network)
    reconstructorHead = network.linear(
      "decoder_pred", inputs: decoderWidth, outputs: network.table["decoder_pred.bias"].count)
    lossPredictor = TrainedLossPredictor(network)
  }

  /// Encodes what is visible and decodes what is hidden.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised.
  package func forward(
    _ pixels: borrowing Span<Float>, _ visible: VisiblePatches, arena: inout ActivationArena
  ) throws -> Output {
    let configuration = network.configuration
    let embedded = try embedding.forward(pixels, visible, operations: operations, arena: &arena)
    let (latent, encoderRecord) = try encoder.forward(
      embedded.tokens, sequences: visible.images, asked: nil, operations: operations, arena: &arena)
    let narrowed = arena.matrix(rows: latent.rows, columns: configuration.decoder.width)
    try operations.linear(latent, decoderEmbedding, residual: nil, into: narrowed)
    let tokens = arena.matrix(rows: visible.images * (1 + visible.grid.count), columns: configuration.decoder.width)
    operations.placeTokens(
      narrowed, filler: maskToken, positions: network.decoderPositions, visible.decoderPlacement, into: tokens)

    let decoded = try decode(tokens, visible, by: reconstructor, arena: &arena)
    let reconstruction = arena.matrix(rows: decoded.tokens.rows, columns: reconstructorHead.outputs)
    try operations.linear(decoded.tokens, reconstructorHead, residual: nil, into: reconstruction)
    var (predicting, predictedLoss): (Decoded?, Matrix?) = (nil, nil)
    if let lossPredictor {
      let decoded = try decode(tokens, visible, by: lossPredictor.stack, arena: &arena)
      let losses = arena.matrix(rows: decoded.tokens.rows, columns: 1)
      try operations.meanOfOutputs(decoded.tokens, lossPredictor.head, into: losses)
      (predicting, predictedLoss) = (decoded, losses)
    }
    record = Record(
      visible: visible, patches: embedded.patches, encoder: encoderRecord, latent: latent, reconstructor: decoded,
      lossPredictor: predicting)
    return Output(reconstruction: reconstruction, predictedLoss: predictedLoss)
  }

  private func decode(
    _ tokens: Matrix, _ visible: VisiblePatches, by stack: TrainedStack<Operations>, arena: inout ActivationArena
  ) throws -> Decoded {
    let (output, record) = try stack.forward(
      tokens, sequences: visible.images, asked: visible.hiddenTokenRows, operations: operations, arena: &arena)
    return Decoded(tokens: output, record: record)
  }

  /// Gives every parameter's gradient what follows from the last forward pass.
  ///
  /// - Parameter accumulation: what becomes of the weights' gradients so far; storing is the faster where they are zero. All others are
  ///   added to.
  /// - Parameter reconstruction: the gradient of ``Output/reconstruction``, of activation type.
  /// - Parameter predictedLoss: that of ``Output/predictedLoss``, float32; with `nil` the loss predictor is left alone.
  package func backward(
    reconstruction: Matrix, predictedLoss: Matrix?, _ accumulation: Accumulation = .add, arena: inout ActivationArena
  ) throws {
    guard let record else { preconditionFailure("a backward pass before its forward pass") }
    self.record = nil
    let (configuration, type) = (network.configuration, operations.activationType)
    try operations.linearParameterGradients(reconstruction, input: record.reconstructor.tokens, reconstructorHead, accumulation)
    let decodedGradient = arena.matrix(rows: reconstruction.rows, columns: configuration.decoder.width, type: type)
    try operations.linearInputGradient(reconstruction, reconstructorHead, .store, into: decodedGradient)
    let narrowedGradient = arena.matrix(rows: record.latent.rows, columns: configuration.decoder.width)
    let placement = record.visible.decoderPlacement
    let beforeStacks = arena.mark
    let placedGradient = try reconstructor.backward(
      decodedGradient, record.reconstructor.record, accumulation, operations: operations, arena: &arena)
    operations.placeTokensBackward(placedGradient, filler: maskToken, placement, .store, into: narrowedGradient)
    arena.rewind(to: beforeStacks)

    if let predictedLoss, let lossPredictor, let decoded = record.lossPredictor {
      try operations.meanOfOutputsBackward(predictedLoss, input: decoded.tokens, lossPredictor.head, into: decodedGradient)
      let placedGradient = try lossPredictor.stack.backward(
        decodedGradient, decoded.record, accumulation, operations: operations, arena: &arena)
      operations.placeTokensBackward(placedGradient, filler: maskToken, placement, .add, into: narrowedGradient)
      arena.rewind(to: beforeStacks)
    }
    try encoderBackward(narrowedGradient, record, accumulation, arena: &arena)
  }

  private func encoderBackward(
    _ narrowedGradient: Matrix, _ record: Record, _ accumulation: Accumulation, arena: inout ActivationArena
  ) throws {
    let operand = operations.operand(narrowedGradient, arena: &arena)
    try operations.linearParameterGradients(operand, input: record.latent, decoderEmbedding, accumulation)
    let latentGradient = arena.matrix(rows: record.latent.rows, columns: record.latent.columns, type: operations.activationType)
    try operations.linearInputGradient(operand, decoderEmbedding, .store, into: latentGradient)
    let tokenGradient = try encoder.backward(latentGradient, record.encoder, accumulation, operations: operations, arena: &arena)
    try embedding.backward(
      tokenGradient, record.visible, patches: record.patches, accumulation, operations: operations, arena: &arena)
  }
}

extension TrainingOperations {
  /// A float32 gradient as matrix products read it.
  func operand(_ gradient: Matrix, arena: inout ActivationArena) -> Matrix {
    guard activationType != .float32 else { return gradient }
    let rounded = arena.matrix(rows: gradient.rows, columns: gradient.columns, type: activationType)
    convert(gradient, into: rounded)
    return rounded
  }
}
