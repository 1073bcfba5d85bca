/// Which patches of an image are hidden.
package struct PatchMask: Hashable, Sendable {
  package let grid: PatchGrid
  /// One value a patch in raster order: 1 = masked (hidden), 0 = visible.
  package let values: [UInt8]
  package let maskedCount: Int

  package init(grid: PatchGrid, values: [UInt8]) {
    precondition(values.count == grid.count, "\(values.count) values for a grid of \(grid)")
    precondition(values.allSatisfy { $0 < 2 }, "a mask of other values than 0 and 1")
    self.grid = grid
    self.values = values
    maskedCount = values.reduce(0) { $0 + Int($1) }
  }

  init(grid: PatchGrid, masked: some Sequence<Int>) {
    var values = [UInt8](repeating: 0, count: grid.count)
    for patch in masked { values[patch] = 1 }
    self.init(grid: grid, values: values)
  }

  /// Masked patches, ascending.
  package var maskedIndices: [Int] { values.indices.filter { values[$0] == 1 } }

  /// Visible patches, ascending.
  package var visibleIndices: [Int] { values.indices.filter { values[$0] == 0 } }
}
