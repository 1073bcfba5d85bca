import Masking
import Tensors

/// The position table of a stack: the file's own for the grid it was trained on, computed for every other.
final class PositionTables {
  private let width: Int
  private let trainedGrid: PatchGrid
  private let trained: Buffer<Float>
  private var computed: (grid: PatchGrid, table: TableBox)?

  /// Keeps one computed table: a batch is of one grid, and clients that ask for other grids seldom alternate.
  private final class TableBox {
    let table: Buffer<Float>
    init(_ values: [Float]) { table = Buffer(values) }
  }

  init(_ name: String, trainedGrid: PatchGrid, width: Int, source: some ParameterSource) throws {
    self.width = width
    self.trainedGrid = trainedGrid
    if source.hasParameter(name) {
      var buffer = Buffer<Float>(repeating: 0, count: (1 + trainedGrid.count) * width)
      try buffer.withMutableSpan { span in try source.readParameter(name, into: &span) }
      trained = buffer
    } else {
      trained = Buffer(PositionTable.sineCosine(grid: trainedGrid, width: width))
    }
  }

  /// The table `[1 + L, D]` of a grid.
  func withTable<Result>(for grid: PatchGrid, _ body: (borrowing Buffer<Float>) throws -> Result) rethrows -> Result {
    if grid == trainedGrid { return try body(trained) }
    if let computed, computed.grid == grid { return try body(computed.table.table) }
    let box = TableBox(PositionTable.sineCosine(grid: grid, width: width))
    computed = (grid, box)
    return try body(box.table)
  }
}
