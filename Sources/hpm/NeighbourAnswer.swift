import Evaluation
import Foundation
import Kernels
import Training

/// What `hpm evaluate knn` prints.
struct NeighbourAnswer {
  private let counts: [Int]
  private let rows: [(kind: FeatureKind, accuracies: [Double])]
  private let trainingCount: Int
  private let testCount: Int
  private let weights: String

  /// Classifies the test images by each kind of feature.
  init(
    _ kinds: [FeatureKind], training: [FeatureKind: FeatureTable], test: [FeatureKind: FeatureTable], operations: OneDNNOperations,
    _ settings: NeighbourSettings, _ weights: String
  ) throws {
    counts = settings.counts
    self.weights = weights
    var rows: [(FeatureKind, [Double])] = []
    for kind in kinds {
      guard let known = training[kind], let asked = test[kind] else { preconditionFailure("no table of \(kind.rawValue) features") }
      rows.append((kind, try NearestNeighbours(training: known, operations: operations, settings).accuracies(of: asked)))
    }
    self.rows = rows
    trainingCount = kinds.first.flatMap { training[$0]?.count } ?? 0
    testCount = kinds.first.flatMap { test[$0]?.count } ?? 0
  }

  /// For people.
  var text: String {
    var table = TextTable(["features"] + counts.map { "k = \($0)" })
    for row in rows { table.add([row.kind.rawValue] + row.accuracies.map { String(format: "%.2f %%", 100 * $0) }) }
    return "\(testCount) images told by \(trainingCount), \(weights) weights\n\n\(table.text)\n"
  }

  /// For programs.
  var json: String {
    let accuracies = rows.map { row in
      JSONValue.Member(
        row.kind.rawValue, .object(zip(counts, row.accuracies).map { JSONValue.Member(String($0), .number($1)) }))
    }
    return JSONValue.object([
      JSONValue.Member("train_images", .integer(trainingCount)), JSONValue.Member("test_images", .integer(testCount)),
      JSONValue.Member("weights", .text(weights)), JSONValue.Member("knn_accuracy", .object(accuracies)),
    ]).pretty
  }
}
