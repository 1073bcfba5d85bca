/// Writes metrics as Prometheus reads them (text exposition format 0.0.4).
struct MetricsText: Sendable {
  /// How a family's samples are to be read.
  enum Kind: String { case counter, gauge, histogram }

  static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var bytes: [UInt8] = []

  /// Begins a family.
  mutating func begin(_ family: MetricFamily, _ kind: Kind) {
    append("# HELP \(family.name) \(family.meaning)\n# TYPE \(family.name) \(kind.rawValue)\n")
  }

  /// One sample of the family that was begun; `suffix` tells the parts of a histogram apart.
  mutating func sample(_ family: MetricFamily, suffix: String = "", _ labels: [String], bound: Double? = nil, _ value: Double) {
    precondition(labels.count == family.labels.count, "\(family.name) has the labels \(family.labels), not \(labels.count) of them")
    var pairs = zip(family.labels, labels).map { "\($0)=\"\(Self.escaped($1))\"" }
    if let bound { pairs.append("le=\"\(Self.number(bound))\"") }
    append(family.name + suffix + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") + " \(Self.number(value))\n")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  private static func number(_ value: Double) -> String {
    if value == .infinity { return "+Inf" }
    return Int(exactly: value).map { String($0) } ?? value.description
  }
}

/// What several samples have in common.
struct MetricFamily: Sendable {
  let name: String
  /// One line for who reads the metrics.
  let meaning: String
  /// The names of the labels, in the order in which their values are given.
  let labels: [String]

  init(_ name: String, _ meaning: String, by labels: [String] = []) {
    self.name = name
    self.meaning = meaning
    self.labels = labels
  }
}
