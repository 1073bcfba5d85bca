import Kernels
import Tensors

/// The matrix products of a training step as oneDNN computes them with one operand packed beforehand: what the step's own are held
/// against. Made and used on the compute thread.
struct PackedProducts {
  private struct Product {
    let shape: ProductShape
    let weights: OneDNNOperations.LinearWeights
  }

  private let operations: OneDNNOperations
  private let products: [Product]

  /// Packs an operand for every shape.
  init(_ shapes: Set<ProductShape>, precision: Precision, threads: Int) throws {
    let operations = try OneDNNOperations(precision: precision, threads: threads)
    self.operations = operations
    products = try shapes.map { shape in
      let weights = try operations.makeLinear(inputs: shape.depth, outputs: shape.columns, typicalRows: shape.rows) { weights, _ in
        for index in 0..<weights.count { weights[index] = 0.01 }
      }
      return Product(shape: shape, weights: weights)
    }
  }

  /// How long each product takes, once.
  func seconds() throws -> [ProductShape: Double] {
    var arena = ActivationArena()
    var seconds: [ProductShape: Double] = [:]
    for product in products {
      let (shape, start) = (product.shape, arena.mark)
      let input = arena.matrix(rows: shape.rows, columns: shape.depth, type: operations.activationType)
      let output = arena.matrix(rows: shape.rows, columns: shape.columns)
      input.clear()
      output.clear()
      let began = ContinuousClock.now
      try operations.linear(input, product.weights, .store, into: output)
      seconds[shape] = (ContinuousClock.now - began) / .seconds(1)
      arena.rewind(to: start)
    }
    return seconds
  }
}
