import Kernels
import Tensors

/// Reads a network's layers from a source straight into their packed places.
struct ParameterReader<Source: ParameterSource, Operations: OperationSet> {
  let source: Source
  let operations: Operations
  /// Rows that a call will typically have: the tokens of one image.
  let typicalRows: Int

  func vector(_ name: String, count: Int) throws -> Buffer<Float> {
    var buffer = Buffer<Float>(repeating: 0, count: count)
    try buffer.withMutableSpan { span in try source.readParameter(name, into: &span) }
    return buffer
  }

  /// Whether a linear layer adds a bias.
  enum Bias {
    case present, absent
  }

  /// The layer `name.weight [outputs, inputs]`, `name.bias [outputs]`.
  func linear(_ name: String, inputs: Int, outputs: Int, bias presence: Bias = .present) throws -> Operations.LinearWeights {
    try operations.makeLinear(inputs: inputs, outputs: outputs, typicalRows: typicalRows) { weights, bias in
      try source.readParameter(name + ".weight", into: &weights)
      if presence == .present { try source.readParameter(name + ".bias", into: &bias) }
    }
  }

  func layerNorm(_ name: String, width: Int) throws -> LayerNormWeights {
    LayerNormWeights(scale: try vector(name + ".weight", count: width), shift: try vector(name + ".bias", count: width))
  }
}

/// Scale and shift of one layer normalisation.
struct LayerNormWeights: ~Copyable {
  let scale: Buffer<Float>
  let shift: Buffer<Float>
}
