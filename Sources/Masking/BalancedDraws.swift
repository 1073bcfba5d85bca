import Tensors

/// Masks that together hide every patch equally often, within one: what the mode `masked_average` looks through.
package enum BalancedDraws {
  /// `draws` masks at `ratio`. Draw d hides the patches hidden least often so far, ties by the smallest `SplitMix64.key(seed: d)`;
  /// so a map made with them depends on nothing but the image and the model.
  ///
  /// Throws where that many draws cannot hide every patch, or a draw leaves none visible.
  package static func masks(grid: PatchGrid, ratio: Double, draws: Int) throws(MaskError) -> [PatchMask] {
    guard ratio >= 0 && ratio <= 1 else { throw .ratioOutOfRange(ratio) }
    let count = MaskCount.masked(of: grid.count, ratio: ratio)
    guard count < grid.count else { throw .nothingVisible(ratio: ratio, patches: grid.count) }
    let (hidden, overflows) = count.multipliedReportingOverflow(by: draws)
    guard count > 0, draws > 0, overflows || hidden >= grid.count else {
      throw .tooFewDraws(draws: draws, hiddenPerDraw: count, patches: grid.count)
    }
    var timesHidden = [Int](repeating: 0, count: grid.count)
    return (0..<draws).map { draw in
      let keys = (0..<grid.count).map { SplitMix64.key(seed: UInt64(draw), index: $0) }
      let order = (0..<grid.count).sorted { (timesHidden[$0], keys[$0], $0) < (timesHidden[$1], keys[$1], $1) }
      for patch in order.prefix(count) { timesHidden[patch] += 1 }
      return PatchMask(grid: grid, masked: order.prefix(count))
    }
  }
}
