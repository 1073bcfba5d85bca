import Glibc
import Kernels
import Tensors
import Testing

@testable import Evaluation

/// The classifier beside a plain one, and what goes into it.
@Suite struct NearestNeighbourTests {
  private static let width = 8

  private func made(_ count: Int, seed: UInt64) -> FeatureTable {
    var random = SplitMix64(seed: seed)
    var table = FeatureTable(width: Self.width)
    for index in 0..<count {
      let label = index % 5
      table.add((0..<Self.width).map { random.nextUnitFloat() - 0.5 + ($0 == label ? 0.3 : 0) }, label: label)
    }
    return table
  }

  @Test func `rows have length one`() {
    let table = made(20, seed: 1)
    for row in 0..<20 {
      let length = table.rows(row..<row + 1).reduce(Float(0)) { $0 + $1 * $1 }
      #expect(abs(length - 1) < 1e-5)
    }
  }

  @Test func `tells the classes that comparing with every image tells, across blocks`() throws {
    let training = made(NeighbourSettings.trainingBlock + 300, seed: 2)
    let test = made(NeighbourSettings.testBlock + 30, seed: 3)
    let settings = NeighbourSettings(counts: [1, 20, 200])
    let operations = try OneDNNOperations(precision: .float32, threads: 1)
    let fast = try NearestNeighbours(training: training, operations: operations, settings).accuracies(of: test)
    let twin = try NearestNeighbours(training: training, operations: ReferenceOperations(), settings).accuracies(of: test)
    let plain = settings.counts.map { plainAccuracy(training, test, neighbours: $0) }
    for (found, expected) in zip(fast + twin, plain + plain) { #expect(abs(found - expected) <= 1 / Double(test.count)) }
    #expect(plain[1] > 0.3)
  }

  private func plainAccuracy(_ training: FeatureTable, _ test: FeatureTable, neighbours: Int) -> Double {
    let right = (0..<test.count).count(where: { row in
      let own = Array(test.rows(row..<row + 1))
      let similarities = (0..<training.count).map { other in
        zip(own, training.rows(other..<other + 1)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      }
      var votes = [Double](repeating: 0, count: 5)
      for other in similarities.indices.sorted(by: { similarities[$0] > similarities[$1] }).prefix(neighbours) {
        votes[training.labels[other]] += exp(similarities[other] / 0.07)
      }
      return votes.indices.max { votes[$0] < votes[$1] } == test.labels[row]
    })
    return Double(right) / Double(test.count)
  }

  @Test func `more neighbours than training images are refused`() throws {
    #expect(throws: EvaluationError.tooFewNeighbours(asked: 20, images: 19)) {
      try NearestNeighbours(training: made(19, seed: 1), operations: ReferenceOperations(), NeighbourSettings(counts: [5, 20]))
    }
  }
}
