import CKernels

/// Why the numerical library could not do what it was asked.
package enum KernelError: Error, Equatable, CustomStringConvertible {
  case unsupportedProcessor
  case bfloat16Unavailable
  case outOfMemory(operation: String)
  case unsupported(operation: String)
  case libraryFailed(operation: String)

  package var description: String {
    switch self {
    case .unsupportedProcessor:
      "this processor has no AVX2 with fused multiply-add (x86-64-v3), the least that hpm computes on; run it on a newer machine"
    case .bfloat16Unavailable:
      "this processor has no AVX-512 BF16, which precision bf16 needs; use --precision fp32, or auto to take what the processor has"
    case .outOfMemory(let operation): "not enough memory for \(operation); use a smaller batch, image or model"
    case .unsupported(let operation): "oneDNN has no implementation of \(operation) on this processor"
    case .libraryFailed(let operation): "oneDNN failed in \(operation)"
    }
  }

  static func check(_ status: hpm_status, _ operation: @autoclosure () -> String) throws(KernelError) {
    switch status {
    case hpm_ok: return
    case hpm_out_of_memory: throw .outOfMemory(operation: operation())
    case hpm_unsupported: throw .unsupported(operation: operation())
    default: throw .libraryFailed(operation: operation())
    }
  }
}
