import CKernels

/// Whose matrix products a training pass takes in float32.
package enum ProductSource: CaseIterable, Sendable {
  /// What is faster on this processor: oneDNN's with AVX-512, `CKernels`' own without.
  case fastest
  case library
  case own

  var code: hpm_product_source {
    switch self {
    case .fastest: hpm_fastest_products
    case .library: hpm_library_products
    case .own: hpm_own_products
    }
  }
}
