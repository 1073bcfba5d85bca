import CKernels
import Tensors

/// oneDNN's engine and the team of one calling thread, with the operations that inference and training have in common.
///
/// Belongs to the thread that makes it.
final class KernelContext {
  let pointer: OpaquePointer

  /// A team of `threads`. Throws where the processor is below the least supported, or lacks bfloat16 and it is wanted.
  init(precision: Precision, threads: Int) throws(KernelError) {
    precondition(threads > 0, "a team of \(threads) threads")
    guard Processor.instructionSet != nil else { throw .unsupportedProcessor }
    guard precision == .float32 || Processor.hasBFloat16 else { throw .bfloat16Unavailable }
    var made: OpaquePointer?
    try KernelError.check(hpm_context_create(Int32(clamping: threads), &made), "starting oneDNN")
    guard let made else { throw .libraryFailed(operation: "starting oneDNN") }
    pointer = made
  }

  deinit { hpm_context_destroy(pointer) }

  /// As ``OperationSet/attention(_:sequences:heads:into:)``, keeping the logarithms of the softmax' denominators where there is room.
  func attention(
    _ queryKeyValue: Matrix, sequences: Int, heads: Int, logSumExp: Matrix?, into output: Matrix
  ) throws(KernelError) {
    let shape = AttentionShape(queryKeyValue, sequences: sequences, heads: heads)
    shape.check(queryKeyValue, output: output, logSumExp: logSumExp, heads: heads)
    let status = hpm_attention(
      pointer, queryKeyValue.type.code, queryKeyValue.pointer, Int64(sequences), Int64(shape.tokens), Int64(shape.width), Int64(heads),
      logSumExp?.float32, output.pointer)
    try KernelError.check(status, "attention over \(shape.tokens) tokens")
  }

  /// As ``OperationSet/classAttention(_:sequences:heads:)``.
  func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float] {
    let shape = AttentionShape(queryKeyValue, sequences: sequences, heads: heads)
    let count = sequences * (shape.tokens - 1)
    return [Float](unsafeUninitializedCapacity: count) { output, initialized in
      if let base = output.baseAddress {
        hpm_class_attention(
          pointer, queryKeyValue.type.code, queryKeyValue.pointer, Int64(sequences), Int64(shape.tokens), Int64(shape.width),
          Int64(heads), base)
      }
      initialized = count
    }
  }

  /// As ``OperationSet/gatherPatches(_:_:into:)``.
  func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix) {
    selection.check(pixelCount: pixels.count, output: output)
    pixels.withUnsafeBufferPointer { pixels in
      hpm_gather_patches(
        pointer, pixels.baseAddress, Int64(selection.channels), Int64(selection.gridRows), Int64(selection.gridColumns),
        Int64(selection.side), selection.patches, Int64(selection.patches.count), Int64(selection.patchesPerImage), output.type.code,
        output.pointer)
    }
  }
}
