import CKernels
package import Tensors

/// The operations on oneDNN and the vector loops of `CKernels`.
///
/// Belongs to one thread: the one that makes it makes every call (see ``ComputeThread``).
package final class OneDNNOperations: OperationSet {
  package let precision: Precision
  private let kernels: KernelContext
  private var context: OpaquePointer { kernels.pointer }

  /// Operations with a team of `threads`. Throws where the processor is below the least supported, or lacks bfloat16 and it is wanted.
  package init(precision: Precision, threads: Int) throws(KernelError) {
    kernels = try KernelContext(precision: precision, threads: threads)
    self.precision = precision
  }

  /// Weights packed by oneDNN.
  package final class LinearWeights {
    package let inputs: Int
    package let outputs: Int
    let handle: OpaquePointer
    private let owner: OneDNNOperations

    init(owner: OneDNNOperations, inputs: Int, outputs: Int, typicalRows: Int) throws(KernelError) {
      var made: OpaquePointer?
      let status = hpm_linear_create(
        owner.context, Int64(inputs), Int64(outputs), Int64(typicalRows), owner.precision.element, &made)
      try KernelError.check(status, "a linear layer from \(inputs) to \(outputs)")
      guard let made else { throw .libraryFailed(operation: "a linear layer from \(inputs) to \(outputs)") }
      handle = made
      self.owner = owner
      self.inputs = inputs
      self.outputs = outputs
    }

    deinit { hpm_linear_destroy(handle) }

    /// Bytes that the packed weights and the bias take.
    package var byteCount: Int { hpm_linear_bytes(handle) }

    /// oneDNN's name of the implementation.
    package var implementation: String { String(cString: hpm_linear_implementation(handle)) }
  }

  package func makeLinear(
    inputs: Int, outputs: Int, typicalRows: Int, fill: (inout MutableSpan<Float>, inout MutableSpan<Float>) throws -> Void
  ) throws -> LinearWeights {
    let made = try LinearWeights(owner: self, inputs: inputs, outputs: outputs, typicalRows: typicalRows)
    var weights = Buffer<Float>(repeating: 0, count: inputs * outputs)
    var bias = Buffer<Float>(repeating: 0, count: outputs)
    try weights.withMutableSpan { weights in try bias.withMutableSpan { bias in try fill(&weights, &bias) } }
    try KernelError.check(
      hpm_linear_pack(made.handle, weights.unsafePointer, bias.unsafePointer), "packing a layer from \(inputs) to \(outputs)")
    return made
  }

  package func linear(_ input: Matrix, _ weights: LinearWeights, _ epilogue: Epilogue, into output: Matrix) throws(KernelError) {
    precondition(
      input.columns == weights.inputs && output.columns == weights.outputs && input.rows == output.rows,
      "linear \(weights.inputs)→\(weights.outputs): \(input.rows)×\(input.columns) into \(output.rows)×\(output.columns)")
    precondition(input.type == activationType, "linear reads \(activationType), got \(input.type)")
    let status = hpm_linear_run(
      weights.handle, Int64(input.rows), input.pointer, epilogue.code, output.type.code, output.pointer)
    try KernelError.check(status, "a linear layer from \(weights.inputs) to \(weights.outputs) over \(input.rows) rows")
  }

  package func layerNorm(
    _ input: Matrix, scale: borrowing Buffer<Float>, shift: borrowing Buffer<Float>, epsilon: Float, into output: Matrix
  ) {
    precondition(
      input.rows == output.rows && input.columns == output.columns && scale.count == input.columns && shift.count == input.columns,
      "layerNorm: \(input.rows)×\(input.columns) into \(output.rows)×\(output.columns), \(scale.count) scales")
    hpm_layer_norm(
      context, input.float32, Int64(input.rows), Int64(input.columns), scale.unsafePointer, shift.unsafePointer, epsilon,
      nil, output.type.code, output.pointer)
  }

  package func attention(_ queryKeyValue: Matrix, sequences: Int, heads: Int, into output: Matrix) throws(KernelError) {
    try kernels.attention(queryKeyValue, sequences: sequences, heads: heads, logSumExp: nil, into: output)
  }

  package func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float] {
    kernels.classAttention(queryKeyValue, sequences: sequences, heads: heads)
  }

  package func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix) {
    kernels.gatherPatches(pixels, selection, into: output)
  }

  package func placeTokens(
    _ source: Matrix, filler: borrowing Buffer<Float>, positions: borrowing Buffer<Float>, _ placement: TokenPlacement,
    into output: Matrix
  ) {
    placement.check(source: source, filler: filler.count, positions: positions.count, output: output)
    hpm_place_tokens(
      context, source.float32, placement.sourceRows, filler.unsafePointer, positions.unsafePointer, placement.positionRows,
      Int64(output.rows), Int64(output.columns), output.float32)
  }

  package func rowDot(_ input: Matrix, weights: borrowing Buffer<Float>, bias: Float) -> [Float] {
    precondition(weights.count == input.columns, "\(weights.count) weights for \(input.columns) columns")
    let vector = weights.unsafePointer
    return [Float](unsafeUninitializedCapacity: input.rows) { output, initialized in
      if let base = output.baseAddress {
        hpm_row_dot(context, input.type.code, input.pointer, Int64(input.rows), Int64(input.columns), vector, bias, base)
      }
      initialized = input.rows
    }
  }
}

extension Precision {
  var element: hpm_element { self == .float32 ? hpm_float32 : hpm_bfloat16 }
}

extension ElementType {
  var code: hpm_element {
    precondition(self == .float32 || self == .bfloat16, "activations of \(rawValue)")
    return self == .float32 ? hpm_float32 : hpm_bfloat16
  }
}

extension Epilogue {
  fileprivate var code: hpm_epilogue {
    switch self {
    case .store: hpm_store
    case .gelu: hpm_gelu
    case .quickGELU: hpm_quick_gelu
    case .addToOutput: hpm_add_to_output
    }
  }
}
