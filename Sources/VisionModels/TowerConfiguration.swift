package import Checkpoints
package import Masking

/// Everything that fixes a frozen vision transformer but its weights.
package struct TowerConfiguration: Hashable, Sendable {
  /// What a checkpoint's shapes tell.
  package let architecture: TowerArchitecture
  /// The grid of the file's position table.
  package let trainedGrid: PatchGrid
  /// How the table is made to fit another grid.
  package let resizing: PositionResizing

  /// The tower of a checkpoint; its grid is square unless `grid` says otherwise. `nil` where that grid has another number of patches.
  package init?(_ architecture: TowerArchitecture, grid: PatchGrid? = nil, resizing: PositionResizing) {
    let side = Int(Double(architecture.patchCount).squareRoot().rounded())
    let grid = grid ?? PatchGrid(rows: side, columns: side)
    guard grid.count == architecture.patchCount else { return nil }
    self.architecture = architecture
    trainedGrid = grid
    self.resizing = resizing
  }

  var transformer: TransformerConfiguration { TransformerConfiguration(architecture.encoder) }

  /// Numbers in one patch of pixels, P·P·channels.
  var patchLength: Int { architecture.patchSize * architecture.patchSize * architecture.channels }
}
