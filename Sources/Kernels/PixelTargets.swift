/// How a reconstructor's targets were made from pixels.
package enum PixelTargets: Sendable {
  /// The normalised pixels themselves.
  case plain
  /// Each patch's pixels standardised by their own mean and unbiased variance (`norm_pix_loss`).
  case standardisedPerPatch
}
