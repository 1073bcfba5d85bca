import CKernels

/// Memory that was freed but that the process still holds.
package enum FreeMemory {
  /// Gives it back to the system; worth its time after something as large as a model has left.
  package static func giveBack() { hpm_return_free_memory() }
}
