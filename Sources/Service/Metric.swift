import Synchronization

/// A family of samples that can be written down.
protocol Metric: Sendable {
  func write(to text: inout MetricsText)
}

/// Counts that only grow, one for each combination of labels.
final class CounterMetric: Metric {
  private let family: MetricFamily
  private let counts: Mutex<[[String]: Int]>

  /// - Parameter known: Labels that are shown before anything is counted, so that a rate is right from the first count on.
  init(_ family: MetricFamily, known: [[String]] = []) {
    self.family = family
    counts = Mutex(Dictionary(uniqueKeysWithValues: known.map { ($0, 0) }))
  }

  func count(_ labels: String...) { counts.withLock { $0[labels, default: 0] += 1 } }

  func write(to text: inout MetricsText) {
    text.begin(family, .counter)
    for (labels, count) in counts.withLock({ $0 }).sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      text.sample(family, labels, Double(count))
    }
  }
}

/// Values that come and go.
final class GaugeMetric: Metric {
  private let family: MetricFamily
  private let values = Mutex<[[String]: Double]>([:])

  init(_ family: MetricFamily) { self.family = family }

  /// Sets the value of these labels; `nil` takes it out.
  func set(_ value: Double?, _ labels: String...) { values.withLock { $0[labels] = value } }

  func write(to text: inout MetricsText) {
    text.begin(family, .gauge)
    for (labels, value) in values.withLock({ $0 }).sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      text.sample(family, labels, value)
    }
  }
}

/// Values that are known elsewhere and looked up when they are asked for.
struct ReadMetric: Metric {
  private let family: MetricFamily
  private let kind: MetricsText.Kind
  private let read: @Sendable () -> [(labels: [String], value: Double)]

  init(_ family: MetricFamily, _ kind: MetricsText.Kind, read: @escaping @Sendable () -> [(labels: [String], value: Double)]) {
    self.family = family
    self.kind = kind
    self.read = read
  }

  func write(to text: inout MetricsText) {
    text.begin(family, kind)
    for sample in read() { text.sample(family, sample.labels, sample.value) }
  }
}
