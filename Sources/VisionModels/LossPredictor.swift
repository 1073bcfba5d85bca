import Kernels
import Tensors

/// The second decoder: one number a patch, higher where reconstruction will be harder (HPM, section 3.2).
final class LossPredictor<Operations: OperationSet> {
  private let decoder: Decoder<Operations>
  private let headWeights: Buffer<Float>
  private let headBias: Float

  /// The published head has one row for every number of a patch, and its outputs are averaged; the average of linear functions is one
  /// linear function, so a single row is kept. Files keep all.
  init(_ configuration: ModelConfiguration, headRows: Int, reader: ParameterReader<some ParameterSource, Operations>) throws {
    decoder = try Decoder(blocks: "decoder_blocks_losspred", norm: "decoder_norm_losspred", configuration, reader: reader)
    let width = configuration.decoder.width
    let weights = try reader.vector("decoder_pred_losspred.weight", count: headRows * width)
    let biases = try reader.vector("decoder_pred_losspred.bias", count: headRows)
    var sums = [Double](repeating: 0, count: width)
    var biasSum = 0.0
    for row in 0..<headRows {
      biasSum += Double(biases[row])
      for column in 0..<width { sums[column] += Double(weights[row * width + column]) }
    }
    headWeights = Buffer(sums.map { Float($0 / Double(headRows)) })
    headBias = Float(biasSum / Double(headRows))
  }

  /// The predicted loss of every patch, `B · L` numbers, from placed tokens (which are changed).
  func predict(_ tokens: Matrix, images: Int, operations: Operations, arena: inout ActivationArena) throws -> [Float] {
    let decoded = try decoder.decode(tokens, sequences: images, operations: operations, arena: &arena)
    let perToken = operations.rowDot(decoded, weights: headWeights, bias: headBias)
    let length = tokens.rows / images
    return (0..<images).flatMap { perToken[$0 * length + 1..<($0 + 1) * length] }
  }
}
