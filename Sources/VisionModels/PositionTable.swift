import Glibc
package import Masking

/// Fixed two-dimensional sine-cosine position embeddings, as MAE makes them: never trained, so recomputed for any grid.
///
/// Of a row's D numbers the first half encodes the patch's *column* and the second its row (an upstream slip that every published
/// checkpoint carries); each half is `[sin | cos]` of the coordinate times D/4 frequencies `1/10000^(i/(D/4))`, in float64.
/// Row 0, the class token's, is zero.
package enum PositionTable {
  /// `[1 + L, D]`, row-major; `width` is a multiple of four.
  package static func sineCosine(grid: PatchGrid, width: Int) -> [Float] {
    precondition(width > 0 && width % 4 == 0, "a sine-cosine position table \(width) wide; the width must be a multiple of 4")
    let quarter = width / 4
    let frequencies = (0..<quarter).map { 1 / pow(10_000, Double($0) / Double(quarter)) }
    var table = [Float](repeating: 0, count: width)
    table.reserveCapacity((1 + grid.count) * width)
    for row in 0..<grid.rows {
      for column in 0..<grid.columns {
        for coordinate in [column, row] {
          table.append(contentsOf: frequencies.map { Float(sin(Double(coordinate) * $0)) })
          table.append(contentsOf: frequencies.map { Float(cos(Double(coordinate) * $0)) })
        }
      }
    }
    return table
  }
}
