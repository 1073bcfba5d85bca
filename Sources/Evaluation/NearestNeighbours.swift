import Glibc
package import Kernels
import Tensors

/// The weighted nearest-neighbour classifier by which DINO compares features (Caron et al., 2021, appendix F): every one of the k training
/// images nearest by cosine votes for its class with exp(similarity / temperature).
///
/// Similarities are computed in blocks, on the caller's operations and thread.
package struct NearestNeighbours<Operations: OperationSet> {
  private let training: FeatureTable
  private let operations: Operations
  private let settings: NeighbourSettings

  /// - Parameter operations: of float32.
  package init(training: FeatureTable, operations: Operations, _ settings: NeighbourSettings) throws(EvaluationError) {
    precondition(operations.precision == .float32, "similarities in \(operations.precision)")
    if let most = settings.counts.max(), most > training.count {
      throw .tooFewNeighbours(asked: most, images: training.count)
    }
    self.training = training
    self.operations = operations
    self.settings = settings
  }

  /// The share of `test` whose class is told rightly, for every k.
  package func accuracies(of test: FeatureTable) throws -> [Double] {
    precondition(test.width == training.width, "features of \(test.width) and of \(training.width) numbers")
    let nearest = try nearest(to: test)
    return settings.counts.map { count in
      let right = zip(nearest, test.labels).count(where: { vote(of: $0.ranked.prefix(count)) == $1 })
      return Double(right) / Double(max(1, test.count))
    }
  }

  /// The class with the greatest sum of votes, the first of equal ones.
  private func vote(of neighbours: ArraySlice<Neighbours.Neighbour>) -> Int? {
    var votes: [Int: Double] = [:]
    for neighbour in neighbours {
      votes[training.labels[neighbour.index], default: 0] += exp(Double(neighbour.similarity) / settings.temperature)
    }
    return votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  private func nearest(to test: FeatureTable) throws -> [Neighbours] {
    var nearest = [Neighbours](repeating: Neighbours(limit: settings.counts.max() ?? 0), count: test.count)
    var arena = ActivationArena()
    for start in stride(from: 0, to: training.count, by: NeighbourSettings.trainingBlock) {
      let columns = start..<min(start + NeighbourSettings.trainingBlock, training.count)
      let layer = try layer(columns)
      for start in stride(from: 0, to: test.count, by: NeighbourSettings.testBlock) {
        let rows = start..<min(start + NeighbourSettings.testBlock, test.count)
        arena.reset()
        let input = arena.matrix(rows: rows.count, columns: test.width, type: .float32)
        let output = arena.matrix(rows: rows.count, columns: columns.count, type: .float32)
        input.fill(from: Array(test.rows(rows)))
        try operations.linear(input, layer, .store, into: output)
        let similarities = output.floats
        for (place, row) in rows.enumerated() {
          nearest[row].add(similarities[place * columns.count..<(place + 1) * columns.count], from: columns.lowerBound)
        }
      }
    }
    return nearest
  }

  /// Training features as a linear layer without bias: its outputs are their dot products with the input.
  private func layer(_ range: Range<Int>) throws -> Operations.LinearWeights {
    try operations.makeLinear(
      inputs: training.width, outputs: range.count, typicalRows: NeighbourSettings.testBlock
    ) { weights, _ in
      for (index, value) in training.rows(range).enumerated() { weights[index] = value }
    }
  }
}

/// What the classifier counts.
package struct NeighbourSettings: Hashable, Sendable {
  /// k, one or several.
  package var counts: [Int]
  package var temperature: Double

  /// Training images and test images of one product of matrices.
  static let trainingBlock = 4096
  static let testBlock = 256

  package init(counts: [Int] = [10, 20, 100, 200], temperature: Double = 0.07) {
    precondition(!counts.isEmpty && counts.allSatisfy { $0 > 0 } && temperature > 0, "neighbours \(counts) at temperature \(temperature)")
    self.counts = counts
    self.temperature = temperature
  }
}

/// The training images most similar to one test image, met block by block in rising order of index.
private struct Neighbours {
  struct Neighbour {
    let similarity: Float
    let index: Int
  }

  private let limit: Int
  private var candidates: [Neighbour] = []
  /// What a candidate must exceed: of equal ones the first met stays.
  private var threshold = -Float.infinity

  init(limit: Int) { self.limit = limit }

  /// Nearest first, of equal ones the lower index.
  var ranked: ArraySlice<Neighbour> {
    candidates.sorted { ($0.similarity, $1.index) > ($1.similarity, $0.index) }.prefix(limit)
  }

  mutating func add(_ similarities: ArraySlice<Float>, from first: Int) {
    for (place, similarity) in similarities.enumerated() where similarity > threshold {
      candidates.append(Neighbour(similarity: similarity, index: first + place))
      if candidates.count == 2 * limit { forgetTheRest() }
    }
  }

  private mutating func forgetTheRest() {
    candidates = Array(ranked)
    if let last = candidates.last { threshold = last.similarity }
  }
}
