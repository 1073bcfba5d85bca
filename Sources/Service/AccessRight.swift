/// What a key may be used for.
package enum AccessRight: String, Sendable, Hashable, CaseIterable {
  /// Inference, and masks.
  case infer
  /// Jobs and data sets.
  case jobs
  /// Models and the repository.
  case admin
}
