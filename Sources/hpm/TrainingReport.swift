import Foundation
import Kernels

/// Where the time of one training step went.
struct TrainingReport {
  let seconds: Double
  /// Of these, the teacher and the masks.
  let maskingSeconds: Double
  let measure: OperationMeasure
  /// What oneDNN takes for each product with packed weights.
  let packedSeconds: [ProductShape: Double]

  /// A row a kind of operation, those that took longest first.
  var table: String {
    var table = TextTable(["operation", "ms", "share", "GFLOP/s", "of matrix rate"])
    let measured = measure.seconds.sorted { $0.value > $1.value }
    for (kind, time) in measured { table.add(row(kind.rawValue, time, measure.operations(of: kind), matrixRate(of: kind))) }
    let rest = seconds - measured.reduce(0) { $0 + $1.value }
    table.add(row("the rest", rest, 0, nil))
    return table.text
  }

  /// All floating-point operations over all of the time, beside the matrix rate of the same products.
  var shareLine: String {
    let operations = OperationKind.allCases.reduce(0) { $0 + measure.operations(of: $1) }
    let products = measure.products.values.flatMap { $0.map { ($0.key, $0.value) } }
    let (rate, matrixRate) = (operations / seconds, Self.rate(products, packedSeconds))
    return "whole step \(Self.number(rate / 1e9)) GFLOP/s; "
      + "its matrix products by oneDNN, packed, \(Self.number(matrixRate / 1e9)) GFLOP/s; "
      + "share \(Self.number(100 * rate / matrixRate)) %"
  }

  var maskingLine: String {
    "of which teacher and masks \(Self.number(1000 * maskingSeconds)) ms, \(Self.number(100 * maskingSeconds / seconds)) %"
  }

  private func row(_ name: String, _ time: Double, _ operations: Double, _ matrixRate: Double?) -> [String] {
    let rate = operations / time
    return [
      name, Self.number(1000 * time), Self.number(100 * time / seconds) + " %", operations > 0 ? Self.number(rate / 1e9) : "",
      matrixRate.map { Self.number(100 * rate / $0) + " %" } ?? "",
    ]
  }

  /// Operations a second that oneDNN makes of a kind's products; `nil` for a kind without.
  private func matrixRate(of kind: OperationKind) -> Double? {
    measure.products[kind].map { Self.rate($0.map { ($0.key, $0.value) }, packedSeconds) }
  }

  private static func rate(_ products: [(ProductShape, Int)], _ packed: [ProductShape: Double]) -> Double {
    let operations = products.reduce(0) { $0 + Double($1.1) * $1.0.operations }
    return operations / products.reduce(0) { $0 + Double($1.1) * (packed[$1.0] ?? .nan) }
  }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
