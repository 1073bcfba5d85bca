package import Masking

/// How a learned position table is made to fit another grid: bicubic, as the family that the network comes from does it. The class
/// token's row stays; the rest is resized as an image of `width` channels.
package enum PositionResizing: Sendable {
  /// timm's and open_clip's way: Keys' cubic with a = −0.5, widened where the grid shrinks.
  case antialiased
  /// DINO's way: a = −0.75, four neighbours, and steps of side / (new side + 0.1), which keep the number of rows from being rounded down.
  case offset

  /// DINO's offset.
  private static let margin = 0.1

  /// `[1 + new L, width]` from `[1 + L, width]`.
  package func resize(_ table: [Float], from grid: PatchGrid, to target: PatchGrid, width: Int) -> [Float] {
    precondition(table.count == (1 + grid.count) * width, "\(table.count) positions for \(grid.count) patches of \(width)")
    let down = (0..<target.rows).map { taps($0, from: grid.rows, to: target.rows) }
    let across = (0..<target.columns).map { taps($0, from: grid.columns, to: target.columns) }
    var result = Array(table.prefix(width))
    result.reserveCapacity((1 + target.count) * width)
    for vertical in down {
      for horizontal in across {
        var sums = [Double](repeating: 0, count: width)
        for (row, weight) in vertical {
          for (column, share) in horizontal {
            let start = (1 + row * grid.columns + column) * width
            for index in 0..<width { sums[index] += weight * share * Double(table[start + index]) }
          }
        }
        result += sums.map { Float($0) }
      }
    }
    return result
  }

  private typealias Tap = (source: Int, weight: Double)

  /// What position `index` of `target` is made of.
  private func taps(_ index: Int, from count: Int, to target: Int) -> [Tap] {
    switch self {
    case .antialiased:
      let scale = Double(count) / Double(target)
      let stretch = max(1, scale)
      let center = scale * (Double(index) + 0.5)
      let first = max(0, Int(center - 2 * stretch + 0.5))
      let last = min(count, Int(center + 2 * stretch + 0.5))
      let weights = (first..<last).map { Self.cubic((Double($0) - center + 0.5) / stretch, a: -0.5) }
      let total = weights.reduce(0, +)
      return zip(first..<last, weights).map { ($0, $1 / total) }
    case .offset:
      // PyTorch is handed the scale, not the size, and goes by it.
      let position = (Double(index) + 0.5) * Double(count) / (Double(target) + Self.margin) - 0.5
      let base = position.rounded(.down)
      return (-1...2).map { step in
        (min(count - 1, max(0, Int(base) + step)), Self.cubic(base + Double(step) - position, a: -0.75))
      }
    }
  }

  /// Keys' cubic convolution kernel (1981, eq. 4).
  private static func cubic(_ distance: Double, a: Double) -> Double {
    let x = abs(distance)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return 0
  }
}
