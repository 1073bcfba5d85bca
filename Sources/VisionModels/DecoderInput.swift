import Kernels
import Masking
import Tensors

/// What both decoders share: the embedding of encoder tokens, the mask token, the position table.
final class DecoderInput<Operations: OperationSet> {
  private let embedding: Operations.LinearWeights
  private let maskToken: Buffer<Float>
  private let positions: PositionTables
  private let width: Int

  init(_ configuration: ModelConfiguration, reader: ParameterReader<some ParameterSource, Operations>) throws {
    width = configuration.decoder.width
    embedding = try reader.linear("decoder_embed", inputs: configuration.encoder.width, outputs: width)
    maskToken = try reader.vector("mask_token", count: width)
    positions = try PositionTables("decoder_pos_embed", trainedGrid: configuration.grid, width: width, source: reader.source)
  }

  /// Encoder tokens embedded, `[B · (1 + V), D]`.
  func embed(_ latent: Matrix, operations: Operations, arena: inout ActivationArena) throws -> Matrix {
    let embedded = arena.matrix(rows: latent.rows, columns: width)
    try operations.linear(latent, embedding, .store, into: embedded)
    return embedded
  }

  /// A decoder's tokens, `[B · (1 + L), D]`: class token, then every patch in raster order, hidden ones as the mask token.
  func place(_ embedded: Matrix, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena) throws -> Matrix {
    let tokens = arena.matrix(rows: visible.images * (1 + visible.grid.count), columns: width)
    positions.withTable(for: visible.grid) { table in
      operations.placeTokens(embedded, filler: maskToken, positions: table, visible.decoderPlacement, into: tokens)
    }
    return tokens
  }
}
