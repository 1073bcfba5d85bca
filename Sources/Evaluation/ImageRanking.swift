/// Images from the hardest to the easiest, by a number that compares across them.
package struct ImageRanking: Sendable {
  /// Rows, hardest first; of equal ones the first row.
  package let order: [Int32]
  /// Of each row, counted from 1.
  package let ranks: [Int32]

  /// - Parameter losses: one a row, greater where the image is harder.
  package init(_ losses: [Float]) {
    order = (0..<Int32(losses.count)).sorted { first, second in
      let (one, other) = (losses[Int(first)], losses[Int(second)])
      return one != other ? one > other : first < second
    }
    var ranks = [Int32](repeating: 0, count: losses.count)
    for (place, row) in order.enumerated() { ranks[Int(row)] = Int32(place + 1) }
    self.ranks = ranks
  }

  /// The first `count` rows, or half of all where there are fewer than twice as many: none is among the easiest as well.
  package func hardest(_ count: Int) -> [Int] { order.prefix(min(count, (order.count + 1) / 2)).map(Int.init) }

  /// The last `count` rows, the easiest first, or half of all.
  package func easiest(_ count: Int) -> [Int] { order.suffix(min(count, order.count / 2)).reversed().map(Int.init) }
}
