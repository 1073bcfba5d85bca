/// The patches of an image in rows and columns; patch i of it is at row i / columns, column i mod columns.
package struct PatchGrid: Hashable, Sendable, CustomStringConvertible {
  package let rows: Int
  package let columns: Int

  package init(rows: Int, columns: Int) {
    precondition(rows > 0 && columns > 0, "a grid of \(rows)×\(columns) patches")
    self.rows = rows
    self.columns = columns
  }

  /// L.
  package var count: Int { rows * columns }

  /// As the interface writes it: `14x14`.
  package var description: String { "\(rows)x\(columns)" }
}
