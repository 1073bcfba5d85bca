import Tensors

/// One mask, fully specified: equal drawings give equal masks on every machine.
///
/// All chance comes from `SplitMix64.key(seed:index:)`: the patches with the smallest keys are taken, ties by lower index.
package struct MaskDrawing: Hashable, Sendable {
  package var strategy: MaskStrategy
  /// γ, the share of patches masked: 0 to 1; ``MaskCount`` has the rounding.
  package var ratio: Double
  /// Of the masked patches, the share that scores decide in `hard` and `easy`: 0 to 1.
  package var alpha: Double
  /// Of the masked patches, the share shown as hints in `attention`: 0 to 1.
  package var reveal: Double
  package var seed: UInt64
  /// P, which sets the cells of `simmim`.
  package var patchSize: Int

  package init(
    strategy: MaskStrategy, ratio: Double = 0.75, alpha: Double = 1, reveal: Double = 0, seed: UInt64 = 0, patchSize: Int = 16
  ) {
    self.strategy = strategy
    self.ratio = ratio
    self.alpha = alpha
    self.reveal = reveal
    self.seed = seed
    self.patchSize = patchSize
  }

  /// Draws the mask of one image.
  ///
  /// - Parameter scores: one number a patch for `hard` and `easy` (predicted loss) and `attention` (class attention); others ignore it.
  package func draw(grid: PatchGrid, scores: [Float]? = nil) throws(MaskError) -> PatchMask {
    guard ratio >= 0 && ratio <= 1 else { throw .ratioOutOfRange(ratio) }
    let count = MaskCount.masked(of: grid.count, ratio: ratio)
    switch strategy {
    case .random: return PatchMask(grid: grid, masked: smallestKeys(count, among: 0..<grid.count))
    case .hard: return try guided(by: scores, grid: grid, count: count, harder: >)
    case .easy: return try guided(by: scores, grid: grid, count: count, harder: <)
    case .attention: return try attended(scores, grid: grid, count: count)
    case .block: return blocks(grid: grid, count: count)
    case .uniform: return try windows(grid: grid)
    case .square: return square(grid: grid, count: count)
    case .simmim: return cells(grid: grid, count: count)
    }
  }

  /// Of the masked patches of a grid, how many scores decide in `hard` and `easy`: floor(M·α).
  package func guidedCount(of grid: PatchGrid) -> Int {
    Int((Double(MaskCount.masked(of: grid.count, ratio: ratio)) * alpha).rounded(.down))
  }

  /// Whether scores can change the mask: at a small α a guided strategy goes by chance alone.
  package func needsScores(for grid: PatchGrid) -> Bool {
    strategy.usesPredictedLoss ? guidedCount(of: grid) > 0 : strategy.needsScores
  }

  /// The `count` candidates with the smallest keys.
  func smallestKeys(_ count: Int, among candidates: some Sequence<Int>) -> ArraySlice<Int> {
    candidates.map { KeyedPatch(key: SplitMix64.key(seed: seed, index: $0), index: $0) }.sorted()
      .prefix(max(0, count)).map(\.index)[...]
  }

  /// Checked scores.
  private func checked(_ scores: [Float]?, _ grid: PatchGrid) throws(MaskError) -> [Float] {
    guard let scores else { throw .scoresMissing(strategy) }
    guard scores.count == grid.count else { throw .scoresMiscounted(found: scores.count, patches: grid.count) }
    if let bad = scores.firstIndex(where: { !$0.isFinite }) { throw .scoreNotFinite(patch: bad) }
    return scores
  }

  /// Patches by score, the first ones to be masked; ties by lower index.
  private func ranked(_ scores: [Float], _ precedes: (Float, Float) -> Bool) -> [Int] {
    scores.indices.sorted { scores[$0] != scores[$1] ? precedes(scores[$0], scores[$1]) : $0 < $1 }
  }

  /// The floor(M·α) first patches by score, the other M − floor(M·α) by chance among the rest.
  private func guided(
    by scores: [Float]?, grid: PatchGrid, count: Int, harder: (Float, Float) -> Bool
  ) throws(MaskError) -> PatchMask {
    guard alpha >= 0 && alpha <= 1 else { throw .alphaOutOfRange(alpha) }
    let order = ranked(try checked(scores, grid), harder)
    let chosen = guidedCount(of: grid)
    return PatchMask(grid: grid, masked: order.prefix(chosen) + smallestKeys(count - chosen, among: order.dropFirst(chosen)))
  }

  /// AttMask: the patches attended to most. With hints, h of those M stay visible by chance and the next h are masked instead, so that
  /// the count stays M.
  private func attended(_ scores: [Float]?, grid: PatchGrid, count: Int) throws(MaskError) -> PatchMask {
    guard reveal >= 0 && reveal <= 1 else { throw .revealOutOfRange(reveal) }
    let order = ranked(try checked(scores, grid), >)
    let hints = min(Int((Double(count) * reveal).rounded(.down)), grid.count - count)
    let shown = Set(smallestKeys(hints, among: order.prefix(count)))
    return PatchMask(grid: grid, masked: order.prefix(count + hints).filter { !shown.contains($0) })
  }
}

/// A patch and what chance has given it, in the order in which patches are taken: ties by lower index.
private struct KeyedPatch: Comparable {
  let key: UInt64
  let index: Int

  static func < (left: Self, right: Self) -> Bool { left.key != right.key ? left.key < right.key : left.index < right.index }
}
