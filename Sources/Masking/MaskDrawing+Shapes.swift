import Glibc
import Tensors

/// The strategies that mask shapes.
extension MaskDrawing {
  /// A stream of numbers of its own, for shapes drawn by trial.
  private var stream: SplitMix64 { SplitMix64(seed: SplitMix64.mix(seed ^ 0x6D61_736B)) }

  /// BEiT's block masking: rectangles with areas from a minimum (16 of 196 patches, in proportion elsewhere) to what is left to mask and
  /// aspect log-uniform from .3 to 1/.3, each kept if it adds something and not too much; topped up by chance to exactly `count`.
  func blocks(grid: PatchGrid, count: Int) -> PatchMask {
    var random = stream
    var values = [UInt8](repeating: 0, count: grid.count)
    var masked = 0
    let least = max(1, Double(grid.count) * 16 / 196)
    while masked < count, let added = addBlock(to: &values, grid: grid, least: least, room: count - masked, &random) { masked += added }
    let rest = smallestKeys(count - masked, among: values.indices.filter { values[$0] == 0 })
    for patch in rest { values[patch] = 1 }
    return PatchMask(grid: grid, values: values)
  }

  /// Tries ten rectangles; how many patches the first fitting one added, `nil` where none fitted.
  private func addBlock(
    to values: inout [UInt8], grid: PatchGrid, least: Double, room: Int, _ random: inout SplitMix64
  ) -> Int? {
    for _ in 0..<10 {
      let area = least + random.nextUnitDouble() * max(0, Double(room) - least)
      let aspect = exp(log(0.3) + random.nextUnitDouble() * (log(1 / 0.3) - log(0.3)))
      let height = Int((area * aspect).squareRoot().rounded())
      let width = Int((area / aspect).squareRoot().rounded())
      guard height > 0, width > 0, height < grid.rows, width < grid.columns else { continue }
      let top = Int(random.nextUnitDouble() * Double(grid.rows - height + 1))
      let left = Int(random.nextUnitDouble() * Double(grid.columns - width + 1))
      let patches = (top..<top + height).flatMap { row in (left..<left + width).map { row * grid.columns + $0 } }
      let fresh = patches.filter { values[$0] == 0 }
      guard !fresh.isEmpty, fresh.count <= room else { continue }
      for patch in fresh { values[patch] = 1 }
      return fresh.count
    }
    return nil
  }

  /// UM-MAE's uniform masking: one visible patch in each 2×2 window, its four places used equally often within one.
  func windows(grid: PatchGrid) throws(MaskError) -> PatchMask {
    guard grid.rows % 2 == 0 && grid.columns % 2 == 0 else { throw .uniformNeedsEvenGrid(grid) }
    guard ratio == 0.75 else { throw .uniformNeedsThreeQuarters(ratio: ratio) }
    let windowColumns = grid.columns / 2
    var values = [UInt8](repeating: 1, count: grid.count)
    for (rank, window) in smallestKeys(grid.count / 4, among: 0..<grid.count / 4).enumerated() {
      let row = window / windowColumns * 2 + rank % 4 / 2
      let column = window % windowColumns * 2 + rank % 2
      values[row * grid.columns + column] = 0
    }
    return PatchMask(grid: grid, values: values)
  }

  /// One visible square at a random place, as large as the visible patches fill; the remaining visible ones by chance.
  func square(grid: PatchGrid, count: Int) -> PatchMask {
    let visible = grid.count - count
    let side = min(Int(Double(visible).squareRoot().rounded(.down)), grid.rows, grid.columns)
    var random = stream
    let top = Int(random.nextUnitDouble() * Double(grid.rows - side + 1))
    let left = Int(random.nextUnitDouble() * Double(grid.columns - side + 1))
    let outside = (0..<grid.count).filter { patch in
      !(top..<top + side).contains(patch / grid.columns) || !(left..<left + side).contains(patch % grid.columns)
    }
    return PatchMask(grid: grid, masked: smallestKeys(count, among: outside))
  }

  /// SimMIM's cells of 32 pixels, max(1, round(32 / P)) patches a side but under half the grid, masked whole by chance: as many as come
  /// nearest to `count` patches (the fewer where two counts are as near). Cells at the far edges may be cut.
  func cells(grid: PatchGrid, count: Int) -> PatchMask {
    let wanted = max(1, Int((32 / Double(patchSize)).rounded()))
    let side = max(1, min(wanted, (min(grid.rows, grid.columns) - 1) / 2))
    let cellColumns = (grid.columns + side - 1) / side
    let cellCount = (grid.rows + side - 1) / side * cellColumns
    var patches = [[Int]](repeating: [], count: cellCount)
    for patch in 0..<grid.count {
      patches[patch / grid.columns / side * cellColumns + patch % grid.columns / side].append(patch)
    }
    var masked: [Int] = []
    for cell in smallestKeys(cellCount, among: 0..<cellCount) {
      guard abs(masked.count + patches[cell].count - count) < abs(masked.count - count) else { break }
      masked += patches[cell]
    }
    return PatchMask(grid: grid, masked: masked)
  }
}
