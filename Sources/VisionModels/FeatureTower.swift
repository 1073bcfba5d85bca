import Checkpoints
package import Kernels
package import Masking
import Tensors

/// A frozen vision transformer, for its features: the final tokens of every patch of an image that is wholly visible.
///
/// Belongs to the thread of its operations. After the first pass of a size no further tensor memory is allocated.
package final class FeatureTower<Operations: OperationSet> {
  package let configuration: TowerConfiguration
  private let operations: Operations
  private let patchEmbedding: Operations.LinearWeights
  private let classToken: Buffer<Float>
  private let positions: ResizedPositions
  private let firstNorm: FirstNorm?
  private let blocks: [TransformerBlock<Operations>]
  private let norm: LayerNormWeights
  private let projection: Operations.LinearWeights?
  private var arena = ActivationArena()

  private final class FirstNorm {
    let weights: LayerNormWeights

    init(_ weights: consuming LayerNormWeights) { self.weights = weights }
  }

  /// Loads the weights from `source`, under timm's names.
  package init(_ configuration: TowerConfiguration, reading source: some ParameterSource, operations: Operations) throws {
    let (architecture, transformer) = (configuration.architecture, configuration.transformer)
    let width = transformer.width
    let reader = ParameterReader(source: source, operations: operations, typicalRows: configuration.trainedGrid.count + 1)
    self.configuration = configuration
    self.operations = operations
    patchEmbedding = try reader.linear(
      "patch_embed.proj", inputs: configuration.patchLength, outputs: width, bias: architecture.hasPatchBias ? .present : .absent)
    classToken = try reader.vector("cls_token", count: width)
    let table = try reader.vector("pos_embed", count: (1 + configuration.trainedGrid.count) * width)
    positions = ResizedPositions(table, trainedGrid: configuration.trainedGrid, width: width, resizing: configuration.resizing)
    firstNorm = architecture.hasFirstNorm ? FirstNorm(try reader.layerNorm("norm_pre", width: width)) : nil
    blocks = try (0..<transformer.depth).map { try TransformerBlock("blocks.\($0)", transformer, reader: reader) }
    norm = try reader.layerNorm("norm", width: width)
    projection = try architecture.projectedWidth.map { try reader.linear("head", inputs: width, outputs: $0, bias: .absent) }
  }

  /// Numbers of a feature.
  package var width: Int { configuration.architecture.featureWidth }

  /// Bytes of activations held between passes.
  package var activationBytes: Int { arena.byteCount }

  /// Tokens of one pass: enough to keep every core busy, and few enough that what lies between layers stays small.
  private static var tokensPerPass: Int { 1600 }

  /// The features of class token and patches, `[B · (1 + L), width]` float32; they hold until the next call.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised as the images of the student.
  package func features(_ pixels: borrowing Span<Float>, grid: PatchGrid, images: Int) throws -> Matrix {
    arena.reset()
    let length = 1 + grid.count
    let features = arena.matrix(rows: images * length, columns: width)
    let perPass = max(1, Self.tokensPerPass / length)
    let imageLength = grid.count * configuration.patchLength
    for first in stride(from: 0, to: images, by: perPass) {
      let last = min(images, first + perPass)
      let start = arena.mark
      try encode(
        pixels.extracting(first * imageLength..<last * imageLength), .all(of: grid, images: last - first),
        into: features.rows(first * length..<last * length))
      arena.rewind(to: start)
    }
    return features
  }

  private func encode(_ pixels: borrowing Span<Float>, _ visible: VisiblePatches, into features: Matrix) throws {
    let (transformer, epsilon) = (configuration.transformer, configuration.architecture.layerNormEpsilon)
    let tokens = try embed(pixels, visible)
    let pass = TransformerPass(
      transformer, rows: tokens.rows, epsilon: epsilon, activation: configuration.architecture.activation == .gelu ? .gelu : .quickGELU,
      operations: operations, arena: &arena)
    for block in blocks { try block.apply(to: tokens, sequences: visible.images, pass) }
    let normalised = projection == nil ? features : pass.normalised
    operations.layerNorm(tokens, scale: norm.scale, shift: norm.shift, epsilon: epsilon, into: normalised)
    if let projection { try operations.linear(normalised, projection, .store, into: features) }
  }

  /// The tokens that the first block reads, `[B · (1 + L), D]` float32.
  private func embed(_ pixels: borrowing Span<Float>, _ visible: VisiblePatches) throws -> Matrix {
    let (architecture, width) = (configuration.architecture, configuration.transformer.width)
    let selection = PatchSelection(
      channels: architecture.channels, gridRows: visible.grid.rows, gridColumns: visible.grid.columns, side: architecture.patchSize,
      patches: visible.indices, patchesPerImage: visible.perImage)
    let patches = arena.matrix(rows: visible.indices.count, columns: configuration.patchLength, type: operations.activationType)
    operations.gatherPatches(pixels, selection, into: patches)
    let embedded = arena.matrix(rows: patches.rows, columns: width)
    try operations.linear(patches, patchEmbedding, .store, into: embedded)
    let placed = arena.matrix(rows: visible.images * (1 + visible.perImage), columns: width)
    positions.withTable(for: visible.grid) { table in
      operations.placeTokens(embedded, filler: classToken, positions: table, visible.encoderPlacement, into: placed)
    }
    guard let firstNorm else { return placed }
    let normalised = arena.matrix(rows: placed.rows, columns: width)
    operations.layerNorm(
      placed, scale: firstNorm.weights.scale, shift: firstNorm.weights.shift, epsilon: architecture.layerNormEpsilon, into: normalised)
    return normalised
  }
}
