import Tensors

/// UM-MAE's secondary masking: some of the visible patches reach the encoder as a learned token only (Li et al., 2022, section 3.2).
package enum SecondaryMask {
  /// Which of an image's visible patches are replaced: V − floor(V·(1 − ratio)) of them, as the authors' program counts, those with the
  /// smallest `SplitMix64.key(seed:index:)`, where patch p has the index L + p, so that the draw says nothing of the mask's own.
  package static func replaced(of visible: [Int], grid: PatchGrid, ratio: Double, seed: UInt64) -> [Int] {
    let count = MaskCount.masked(of: visible.count, ratio: ratio)
    return visible.map { (key: SplitMix64.key(seed: seed, index: grid.count + $0), patch: $0) }
      .sorted { ($0.key, $0.patch) < ($1.key, $1.patch) }
      .prefix(count).map(\.patch).sorted()
  }
}
