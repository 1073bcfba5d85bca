import Kernels
import Tensors

/// The first decoder: the normalised pixels of every patch.
final class Reconstructor<Operations: OperationSet> {
  private let decoder: Decoder<Operations>
  private let head: Operations.LinearWeights
  private let patchLength: Int

  init(_ configuration: ModelConfiguration, reader: ParameterReader<some ParameterSource, Operations>) throws {
    decoder = try Decoder(blocks: "decoder_blocks", norm: "decoder_norm", configuration, reader: reader)
    patchLength = configuration.patchLength
    head = try reader.linear("decoder_pred", inputs: configuration.decoder.width, outputs: patchLength)
  }

  /// `B · L · P·P·C` numbers, each patch's ordered (y, x, channel), from placed tokens (which are changed).
  func reconstruct(_ tokens: Matrix, images: Int, operations: Operations, arena: inout ActivationArena) throws -> [Float] {
    let decoded = try decoder.decode(tokens, sequences: images, operations: operations, arena: &arena)
    let output = arena.matrix(rows: tokens.rows, columns: patchLength)
    try operations.linear(decoded, head, .store, into: output)
    let perImage = tokens.rows / images * patchLength
    let values = output.floats
    return (0..<images).flatMap { values[$0 * perImage + patchLength..<($0 + 1) * perImage] }
  }
}
