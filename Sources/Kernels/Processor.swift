import CKernels

/// What the processor offers to the kernels.
package enum Processor {
  /// `avx512` or `avx2`; `nil` where the processor has less than the least supported, AVX2 with fused multiply-add.
  package static let instructionSet: String? = hpm_instruction_set().map { String(cString: $0) }

  /// Whether bfloat16 is multiplied natively (AVX-512 BF16).
  package static let hasBFloat16 = hpm_has_bfloat16()

  /// Threads to compute with: the processors this process may run on, or fewer where its control group's quota, rounded down, gives
  /// it less; at least one.
  package static let threadCount: Int = {
    let allowed = max(1, Int(hpm_allowed_processors()))
    return min(allowed, ControlGroup.processorQuota() ?? allowed)
  }()
}
