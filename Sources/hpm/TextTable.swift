/// Words in columns: the first aligned to the left, the others to the right.
struct TextTable {
  private var rows: [[String]]

  private static let gap = "   "

  init(_ headings: [String]) { rows = [headings] }

  mutating func add(_ row: [String]) {
    precondition(row.count == rows[0].count, "a row of \(row.count) cells in a table of \(rows[0].count) columns")
    rows.append(row)
  }

  /// A line a row.
  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: Self.gap)
    }.joined(separator: "\n")
  }
}
