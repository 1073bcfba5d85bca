/// Spearman's rank correlation: Pearson's correlation of ranks, ties sharing their mean rank.
enum RankCorrelation {
  /// From -1 to 1, or `nil` where one side is constant and so ranks nothing; both sides have the same count.
  static func spearman(_ first: [Float], _ second: [Float]) -> Double? {
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
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for index in order[start..<end] { ranks[index] = Double(start + end - 1) / 2 }
      start = end
    }
    return ranks
  }
}
