import Synchronization

/// How often values fell under each of some bounds, one histogram for each combination of labels.
final class HistogramMetric: Metric {
  private struct Cells {
    /// Values up to each bound that are above the one before; the last counts those above every bound.
    var counts: [Int]
    var sum = 0.0
  }

  /// Upper bounds of seconds, from a refusal to the longest request.
  static let secondBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  /// Upper bounds of images in one batch.
  static let imageBounds = [1.0, 2, 4, 8, 16, 32, 64, 128, 256]

  private let family: MetricFamily
  private let bounds: [Double]
  private let cells = Mutex<[[String]: Cells]>([:])

  /// - Parameter bounds: Ascending and finite.
  init(_ family: MetricFamily, bounds: [Double]) {
    self.family = family
    self.bounds = bounds
  }

  func observe(_ value: Double, _ labels: String...) {
    let index = bounds.firstIndex { value <= $0 } ?? bounds.count
    cells.withLock { cells in
      cells[labels, default: Cells(counts: Array(repeating: 0, count: bounds.count + 1))].counts[index] += 1
      cells[labels]?.sum += value
    }
  }

  func write(to text: inout MetricsText) {
    text.begin(family, .histogram)
    for (labels, cells) in cells.withLock({ $0 }).sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      var total = 0
      for (bound, count) in zip(bounds + [.infinity], cells.counts) {
        total += count
        text.sample(family, suffix: "_bucket", labels, bound: bound, Double(total))
      }
      text.sample(family, suffix: "_sum", labels, cells.sum)
      text.sample(family, suffix: "_count", labels, Double(total))
    }
  }
}
