import Kernels
import Masking
import Tensors

/// Patch embedding, class token and transformer of the visible patches.
final class Encoder<Operations: OperationSet> {
  private let configuration: ModelConfiguration
  private let patchEmbedding: Operations.LinearWeights
  private let classToken: Buffer<Float>
  private let positions: PositionTables
  private let blocks: [TransformerBlock<Operations>]
  private let norm: LayerNormWeights

  init(_ configuration: ModelConfiguration, reader: ParameterReader<some ParameterSource, Operations>) throws {
    self.configuration = configuration
    let width = configuration.encoder.width
    patchEmbedding = try reader.linear("patch_embed.proj", inputs: configuration.patchLength, outputs: width)
    classToken = try reader.vector("cls_token", count: width)
    positions = try PositionTables("pos_embed", trainedGrid: configuration.grid, width: width, source: reader.source)
    blocks = try (0..<configuration.encoder.depth).map { try TransformerBlock("blocks.\($0)", configuration.encoder, reader: reader) }
    norm = try reader.layerNorm("norm", width: width)
  }

  /// Tokens after the first `depth` blocks, `[B · (1 + V), D]` float32, and what the blocks share.
  private func run(
    _ pixels: borrowing Span<Float>, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena, depth: Int
  ) throws -> (tokens: Matrix, pass: TransformerPass<Operations>) {
    let width = configuration.encoder.width
    let patches = arena.matrix(rows: visible.indices.count, columns: configuration.patchLength, type: operations.activationType)
    operations.gatherPatches(pixels, visible.selection(configuration), into: patches)
    let embedded = arena.matrix(rows: visible.indices.count, columns: width)
    try operations.linear(patches, patchEmbedding, .store, into: embedded)
    let rows = visible.images * (1 + visible.perImage)
    let tokens = arena.matrix(rows: rows, columns: width)
    positions.withTable(for: visible.grid) { table in
      operations.placeTokens(embedded, filler: classToken, positions: table, visible.encoderPlacement, into: tokens)
    }
    let pass = TransformerPass(
      configuration.encoder, rows: rows, epsilon: configuration.layerNormEpsilon, operations: operations, arena: &arena)
    for block in blocks.prefix(depth) { try block.apply(to: tokens, sequences: visible.images, pass) }
    return (tokens, pass)
  }

  /// The normalised tokens `[B · (1 + V), D]`, ready for a linear layer.
  func encode(
    _ pixels: borrowing Span<Float>, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena
  ) throws -> Matrix {
    let (tokens, pass) = try run(pixels, visible, operations: operations, arena: &arena, depth: blocks.count)
    operations.layerNorm(tokens, scale: norm.scale, shift: norm.shift, epsilon: configuration.layerNormEpsilon, into: pass.normalised)
    return pass.normalised
  }

  /// The class token's attention in the last block, mean over heads: `B · L` numbers (AttMask's score).
  func classAttention(
    _ pixels: borrowing Span<Float>, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena
  ) throws -> [Float] {
    guard let last = blocks.last else { preconditionFailure("class attention of an encoder without blocks") }
    let (tokens, pass) = try run(pixels, visible, operations: operations, arena: &arena, depth: blocks.count - 1)
    return try last.classAttention(of: tokens, sequences: visible.images, pass)
  }
}
