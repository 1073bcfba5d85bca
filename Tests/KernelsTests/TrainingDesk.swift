import Kernels
import Tensors
import Testing

/// Matrices and parameters for an operation under test, filled from a seed: equal seeds give equal desks.
final class TrainingDesk {
  private var arena = ActivationArena()
  private var random: SplitMix64
  private var used = 0
  let parameters = ParameterArena(count: 1 << 17, contents: [.gradients, .moments])

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  /// A matrix of random numbers.
  func matrix(_ rows: Int, _ columns: Int, _ type: ElementType = .float32, spread: Float = 1) -> Matrix {
    let made = arena.matrix(rows: rows, columns: columns, type: type)
    made.fill(from: random.floats(rows * columns, spread: spread))
    return made
  }

  /// Parameters of random numbers, with random gradients to add to.
  func view(_ count: Int, spread: Float = 1) -> ParameterView {
    let range = used..<used + count
    used = ParameterArena.aligned(used + count)
    for part in [ParameterArena.Part.values, .gradients] {
      let numbers = random.floats(count, spread: part == .values ? spread : 1)
      parameters.withMutableSpan(of: part, range) { span in for index in numbers.indices { span[index] = numbers[index] } }
    }
    return parameters.view(range)
  }

  func layer(_ inputs: Int, _ outputs: Int) -> LinearParameters {
    LinearParameters(
      inputs: inputs, outputs: outputs, weights: view(inputs * outputs, spread: 1 / Float(inputs).squareRoot()), bias: view(outputs))
  }

  func norm(_ width: Int) -> LayerNormParameters { LayerNormParameters(scale: view(width), shift: view(width), epsilon: 1e-6) }

  func buffer(_ count: Int) -> Buffer<Float> { Buffer(random.floats(count)) }

  /// Gradients of all parameters made so far.
  var gradients: [Float] { numbers(.gradients) }

  func numbers(_ part: ParameterArena.Part) -> [Float] {
    parameters.withSpan(of: part, 0..<used) { span in span.indices.map { span[$0] } }
  }
}

/// Expects from teams of one, two and three threads, with oneDNN's products and our own, what the twin gives, and the same bits when asked
/// again.
func expectTwin(
  precision: Precision = .float32, tolerance: Float = 5e-6, seed: UInt64 = 1, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (any TrainingOperations, TrainingDesk) throws -> [[Float]]
) throws {
  let expected = try body(ReferenceTrainingOperations(precision: precision), TrainingDesk(seed: seed))
  for (threads, products) in [(1, ProductSource.own), (1, .library), (2, .fastest), (3, .own), (3, .library)] {
    let operations = try OneDNNTrainingOperations(precision: precision, threads: threads, products: products)
    let found = try body(operations, TrainingDesk(seed: seed))
    for (found, expected) in zip(found, expected) {
      expectClose(found, expected, tolerance: tolerance, sourceLocation: sourceLocation)
    }
    let again = try body(operations, TrainingDesk(seed: seed))
    #expect(again == found, "other bits from \(threads) threads, \(products) products", sourceLocation: sourceLocation)
  }
}
