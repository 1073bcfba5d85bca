/// How many patches a mask ratio hides.
package enum MaskCount {
  /// M = L − floor(L·(1 − γ)), in double precision exactly as the authors' Python computes it: of 196 patches, .75 hides 147, .9 hides
  /// 177, .6 hides 118 (the last two one more than rounding L·γ down would).
  package static func masked(of patches: Int, ratio: Double) -> Int {
    precondition(ratio >= 0 && ratio <= 1, "a mask ratio of \(ratio)")
    return patches - Int((Double(patches) * (1 - ratio)).rounded(.down))
  }
}
