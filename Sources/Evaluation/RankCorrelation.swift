/// How far two rankings of the same things agree, from -1 (reversed) over 0 to 1; `nil` where one side is constant and so ranks nothing.
package enum RankCorrelation {
  /// Spearman's: Pearson's correlation of ranks, ties sharing their mean rank. Both sides have the same count.
  package static func spearman(_ first: [Float], _ second: [Float]) -> Double? {
    precondition(first.count == second.count, "ranks of \(first.count) and of \(second.count) numbers")
    let x = ranks(first)
    let y = ranks(second)
    let mean = Double(x.count - 1) / 2
    var covariance = 0.0
    var varianceX = 0.0
    var varianceY = 0.0
    for (a, b) in zip(x, y) {
      covariance += (a - mean) * (b - mean)
      varianceX += (a - mean) * (a - mean)
      varianceY += (b - mean) * (b - mean)
    }
    let scale = (varianceX * varianceY).squareRoot()
    return scale > 0 ? covariance / scale : nil
  }

  /// The rank of each number, from 0 upwards.
  private static func ranks(_ values: [Float]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    for run in runs(order.count, areEqual: { values[order[$0]] == values[order[$1]] }) {
      for index in order[run] { ranks[index] = Double(run.lowerBound + run.upperBound - 1) / 2 }
    }
    return ranks
  }

  /// Kendall's τ-b: pairs in the same order less pairs in opposite order, over the geometric mean of the pairs that each side tells apart,
  /// in n·log n steps (Knight, 1966). Both sides have the same count.
  package static func kendall(_ first: [Float], _ second: [Float]) -> Double? {
    precondition(first.count == second.count, "ranks of \(first.count) and of \(second.count) numbers")
    let order = first.indices.sorted { (first[$0], second[$0]) < (first[$1], second[$1]) }
    let x = order.map { first[$0] }
    var y = order.map { second[$0] }
    let pairs = x.count * (x.count - 1) / 2
    let tiedBoth = tiedPairs(x.count) { x[$0] == x[$1] && y[$0] == y[$1] }
    let tiedFirst = tiedPairs(x.count) { x[$0] == x[$1] }
    let reversed = sortCountingExchanges(&y)
    let tiedSecond = tiedPairs(y.count) { y[$0] == y[$1] }
    let scale = (Double(pairs - tiedFirst) * Double(pairs - tiedSecond)).squareRoot()
    return scale > 0 ? Double(pairs - tiedFirst - tiedSecond + tiedBoth - 2 * reversed) / scale : nil
  }

  /// Pairs of equal elements of a sorted sequence.
  private static func tiedPairs(_ count: Int, areEqual: (Int, Int) -> Bool) -> Int {
    runs(count, areEqual: areEqual).reduce(0) { $0 + $1.count * ($1.count - 1) / 2 }
  }

  /// The longest stretches of equal elements of a sorted sequence.
  private static func runs(_ count: Int, areEqual: (Int, Int) -> Bool) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, areEqual(end, start) { end += 1 }
      runs.append(start..<end)
      start = end
    }
    return runs
  }

  /// Sorts by merging; how many pairs stood in the wrong order.
  private static func sortCountingExchanges(_ values: inout [Float]) -> Int {
    var merged = values
    var exchanges = 0
    var length = 1
    while length < values.count {
      for start in stride(from: 0, to: values.count, by: 2 * length) {
        let middle = min(start + length, values.count)
        let end = min(start + 2 * length, values.count)
        var (left, right) = (start, middle)
        for place in start..<end {
          if right == end || (left < middle && values[left] <= values[right]) {
            merged[place] = values[left]
            left += 1
          } else {
            merged[place] = values[right]
            right += 1
            exchanges += middle - left
          }
        }
      }
      swap(&values, &merged)
      length *= 2
    }
    return exchanges
  }
}
