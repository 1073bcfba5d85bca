package import Kernels
package import Masking
import Tensors

/// A masked autoencoder with a loss predictor, for inference: encoder and loss predictor always, the reconstructor once it is asked for.
///
/// Belongs to the thread of its operations. After the first pass of a size no further tensor memory is allocated.
package final class HardPatchModel<Operations: OperationSet> {
  package let configuration: ModelConfiguration
  let operations: Operations
  private let encoder: Encoder<Operations>
  private let decoderInput: DecoderInput<Operations>
  private let lossPredictor: LossPredictor<Operations>?
  private var reconstructor: Reconstructor<Operations>?
  private var arena = ActivationArena()

  /// Loads encoder and loss predictor from `source`.
  ///
  /// - Parameter lossPredictorRows: outputs of the loss predictor's head in the file; `nil` where the file has no loss predictor.
  package init(
    _ configuration: ModelConfiguration, lossPredictorRows: Int?, reading source: some ParameterSource, operations: Operations
  ) throws {
    self.configuration = configuration
    self.operations = operations
    let reader = ParameterReader(source: source, operations: operations, typicalRows: configuration.grid.count + 1)
    encoder = try Encoder(configuration, reader: reader)
    decoderInput = try DecoderInput(configuration, reader: reader)
    lossPredictor = try lossPredictorRows.map { try LossPredictor(configuration, headRows: $0, reader: reader) }
  }

  /// Whether it predicts losses; a plain masked autoencoder does not.
  package var hasLossPredictor: Bool { lossPredictor != nil }

  /// Loads the reconstructor beside the rest; nothing where it is there already.
  package func loadReconstructor(reading source: some ParameterSource) throws {
    guard reconstructor == nil else { return }
    let reader = ParameterReader(source: source, operations: operations, typicalRows: configuration.grid.count + 1)
    reconstructor = try Reconstructor(configuration, reader: reader)
  }

  /// Bytes of activations held between passes.
  package var activationBytes: Int { arena.byteCount }

  /// The predicted loss of every patch, `B · L` numbers in raster order.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised.
  /// - Parameter visible: what the encoder sees; the rest reaches the predictor as mask tokens.
  package func predictLoss(_ pixels: borrowing Span<Float>, _ visible: VisiblePatches) throws -> [Float] {
    guard let lossPredictor else { preconditionFailure("predicting with a model without a loss predictor") }
    arena.reset()
    let tokens = try decoderTokens(pixels, visible)
    return try lossPredictor.predict(tokens, images: visible.images, operations: operations, arena: &arena)
  }

  /// What the decoders make of each image under its mask.
  package struct Decoded {
    /// `B · L · P·P·C` normalised pixels, each patch's ordered (y, x, channel).
    package let patches: [Float]
    /// `B · L`; `nil` without a loss predictor.
    package let predictedLoss: [Float]?
  }

  /// Both decoders on one encoding; the reconstructor must have been loaded.
  package func reconstruct(_ pixels: borrowing Span<Float>, _ visible: VisiblePatches) throws -> Decoded {
    guard let reconstructor else { preconditionFailure("reconstructing before the reconstructor is loaded") }
    arena.reset()
    let latent = try encoder.encode(pixels, visible, operations: operations, arena: &arena)
    let embedded = try decoderInput.embed(latent, operations: operations, arena: &arena)
    let tokens = try decoderInput.place(embedded, visible, operations: operations, arena: &arena)
    let patches = try reconstructor.reconstruct(tokens, images: visible.images, operations: operations, arena: &arena)
    guard let lossPredictor else { return Decoded(patches: patches, predictedLoss: nil) }
    let again = try decoderInput.place(embedded, visible, operations: operations, arena: &arena)
    let predicted = try lossPredictor.predict(again, images: visible.images, operations: operations, arena: &arena)
    return Decoded(patches: patches, predictedLoss: predicted)
  }

  /// The encoder's normalised tokens `[B, 1 + V, D]`, class token first.
  package func encode(_ pixels: borrowing Span<Float>, _ visible: VisiblePatches) throws -> [Float] {
    arena.reset()
    return try encoder.encode(pixels, visible, operations: operations, arena: &arena).floats
  }

  /// The class token's attention to every patch in the encoder's last block, mean over heads: `B · L` numbers (AttMask).
  package func classAttention(_ pixels: borrowing Span<Float>, grid: PatchGrid, images: Int) throws -> [Float] {
    arena.reset()
    return try encoder.classAttention(pixels, .all(of: grid, images: images), operations: operations, arena: &arena)
  }

  private func decoderTokens(_ pixels: borrowing Span<Float>, _ visible: VisiblePatches) throws -> Matrix {
    let latent = try encoder.encode(pixels, visible, operations: operations, arena: &arena)
    let embedded = try decoderInput.embed(latent, operations: operations, arena: &arena)
    return try decoderInput.place(embedded, visible, operations: operations, arena: &arena)
  }
}
