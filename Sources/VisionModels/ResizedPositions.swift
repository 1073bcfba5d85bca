import Masking
import Tensors

/// A learned position table, and what it becomes for the grid asked for last.
final class ResizedPositions {
  private let trainedGrid: PatchGrid
  private let width: Int
  private let resizing: PositionResizing
  private let trained: Buffer<Float>
  private var resized: (grid: PatchGrid, table: Table)?

  private final class Table {
    let values: Buffer<Float>

    init(_ values: [Float]) { self.values = Buffer(values) }
  }

  /// - Parameter trained: `[1 + L, width]`.
  init(_ trained: consuming Buffer<Float>, trainedGrid: PatchGrid, width: Int, resizing: PositionResizing) {
    self.trained = trained
    self.trainedGrid = trainedGrid
    self.width = width
    self.resizing = resizing
  }

  /// The table `[1 + L, width]` of a grid.
  func withTable(for grid: PatchGrid, _ body: (borrowing Buffer<Float>) throws -> Void) rethrows {
    if grid == trainedGrid { return try body(trained) }
    if let resized, resized.grid == grid { return try body(resized.table.values) }
    let values = trained.withSpan { span in span.withUnsafeBufferPointer { Array($0) } }
    let table = Table(resizing.resize(values, from: trainedGrid, to: grid, width: width))
    resized = (grid, table)
    try body(table.values)
  }
}
