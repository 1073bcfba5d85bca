import Kernels
import Tensors

/// The transformer of a decoder, with its final norm: `decoder_blocks` and `decoder_norm`, or the loss predictor's.
final class Decoder<Operations: OperationSet> {
  private let configuration: ModelConfiguration
  private let blocks: [TransformerBlock<Operations>]
  private let norm: LayerNormWeights

  init(
    blocks blockName: String, norm normName: String, _ configuration: ModelConfiguration,
    reader: ParameterReader<some ParameterSource, Operations>
  ) throws {
    self.configuration = configuration
    blocks = try (0..<configuration.decoder.depth).map {
      try TransformerBlock("\(blockName).\($0)", configuration.decoder, reader: reader)
    }
    norm = try reader.layerNorm(normName, width: configuration.decoder.width)
  }

  /// Normalised tokens `[B · (1 + L), D]` from placed ones, which are changed.
  func decode(_ tokens: Matrix, sequences: Int, operations: Operations, arena: inout ActivationArena) throws -> Matrix {
    let pass = TransformerPass(
      configuration.decoder, rows: tokens.rows, epsilon: configuration.layerNormEpsilon, operations: operations, arena: &arena)
    for block in blocks { try block.apply(to: tokens, sequences: sequences, pass) }
    operations.layerNorm(tokens, scale: norm.scale, shift: norm.shift, epsilon: configuration.layerNormEpsilon, into: pass.normalised)
    return pass.normalised
  }
}
