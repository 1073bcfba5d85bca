import Glibc
package import Tensors

/// The operations in plain loops, summed in double precision: slow, obvious, and what every fast kernel is compared with.
///
/// With precision `.bfloat16` weights and stored activations are rounded as the fast set rounds them, on any processor.
package struct ReferenceOperations: OperationSet {
  package let precision: Precision

  package init(precision: Precision = .float32) { self.precision = precision }

  /// Weights `[outputs, inputs]` and biases as given (rounded where the precision is bfloat16).
  package final class LinearWeights {
    let inputs: Int
    let outputs: Int
    let weights: [Float]
    let bias: [Float]

    init(inputs: Int, outputs: Int, weights: [Float], bias: [Float]) {
      self.inputs = inputs
      self.outputs = outputs
      self.weights = weights
      self.bias = bias
    }
  }

  package func makeLinear(
    inputs: Int, outputs: Int, typicalRows: Int, fill: (inout MutableSpan<Float>, inout MutableSpan<Float>) throws -> Void
  ) throws -> LinearWeights {
    var weights = [Float](repeating: 0, count: inputs * outputs)
    var bias = [Float](repeating: 0, count: outputs)
    var weightSpan = weights.mutableSpan
    var biasSpan = bias.mutableSpan
    try fill(&weightSpan, &biasSpan)
    if precision == .bfloat16 { weights = weights.map { BFloat16($0).float } }
    return LinearWeights(inputs: inputs, outputs: outputs, weights: weights, bias: bias)
  }

  package func linear(_ input: Matrix, _ weights: LinearWeights, _ epilogue: Epilogue, into output: Matrix) throws(KernelError) {
    for row in 0..<input.rows {
      for column in 0..<weights.outputs {
        var sum = Double(weights.bias[column])
        for index in 0..<weights.inputs {
          sum += Double(input[row * weights.inputs + index]) * Double(weights.weights[column * weights.inputs + index])
        }
        let position = row * weights.outputs + column
        switch epilogue {
        case .store: output[position] = Float(sum)
        case .gelu: output[position] = Float(0.5 * sum * (1 + erf(sum / 2.0.squareRoot())))
        case .quickGELU: output[position] = Float(sum / (1 + exp(-1.702 * sum)))
        case .addToOutput: output[position] += Float(sum)
        }
      }
    }
  }

  package func layerNorm(
    _ input: Matrix, scale: borrowing Buffer<Float>, shift: borrowing Buffer<Float>, epsilon: Float, into output: Matrix
  ) {
    let width = input.columns
    for row in 0..<input.rows {
      let values = (0..<width).map { Double(input[row * width + $0]) }
      let mean = values.reduce(0, +) / Double(width)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      let inverse = 1 / (variance + Double(epsilon)).squareRoot()
      for column in 0..<width {
        output[row * width + column] = Float((values[column] - mean) * inverse * Double(scale[column]) + Double(shift[column]))
      }
    }
  }

  /// The attention probabilities of one query row of one head: `tokens` numbers that add up to one.
  private func probabilities(_ matrix: Matrix, _ shape: AttentionShape, sequence: Int, head: Int, heads: Int, query: Int) -> [Double] {
    let headWidth = shape.width / heads
    let queryStart = (sequence * shape.tokens + query) * 3 * shape.width + head * headWidth
    let scores = (0..<shape.tokens).map { token in
      let keyStart = (sequence * shape.tokens + token) * 3 * shape.width + shape.width + head * headWidth
      let product = (0..<headWidth).reduce(0.0) { $0 + Double(matrix[queryStart + $1]) * Double(matrix[keyStart + $1]) }
      return product / Double(headWidth).squareRoot()
    }
    let greatest = scores.max() ?? 0
    let powers = scores.map { exp($0 - greatest) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  package func attention(_ queryKeyValue: Matrix, sequences: Int, heads: Int, into output: Matrix) throws(KernelError) {
    let shape = AttentionShape(queryKeyValue, sequences: sequences, heads: heads)
    let headWidth = shape.width / heads
    for sequence in 0..<sequences {
      for head in 0..<heads {
        for query in 0..<shape.tokens {
          let shares = probabilities(queryKeyValue, shape, sequence: sequence, head: head, heads: heads, query: query)
          for index in 0..<headWidth {
            var sum = 0.0
            for token in 0..<shape.tokens {
              let value = (sequence * shape.tokens + token) * 3 * shape.width + 2 * shape.width + head * headWidth + index
              sum += shares[token] * Double(queryKeyValue[value])
            }
            output[(sequence * shape.tokens + query) * shape.width + head * headWidth + index] = Float(sum)
          }
        }
      }
    }
  }

  package func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float] {
    let shape = AttentionShape(queryKeyValue, sequences: sequences, heads: heads)
    return (0..<sequences).flatMap { sequence in
      var means = [Double](repeating: 0, count: shape.tokens)
      for head in 0..<heads {
        let shares = probabilities(queryKeyValue, shape, sequence: sequence, head: head, heads: heads, query: 0)
        for token in 0..<shape.tokens { means[token] += shares[token] / Double(heads) }
      }
      return means.dropFirst().map { Float($0) }
    }
  }

  package func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix) {
    selection.check(pixelCount: pixels.count, output: output)
    let side = selection.side
    let width = selection.gridColumns * side
    let plane = selection.gridRows * side * width
    for (row, patch) in selection.patches.enumerated() {
      let image = row / selection.patchesPerImage
      let (top, left) = (Int(patch) / selection.gridColumns * side, Int(patch) % selection.gridColumns * side)
      for channel in 0..<selection.channels {
        for y in 0..<side {
          for x in 0..<side {
            output[row * selection.patchLength + (channel * side + y) * side + x] =
              pixels[(image * selection.channels + channel) * plane + (top + y) * width + left + x]
          }
        }
      }
    }
  }

  package func placeTokens(
    _ source: Matrix, filler: borrowing Buffer<Float>, positions: borrowing Buffer<Float>, _ placement: TokenPlacement,
    into output: Matrix
  ) {
    placement.check(source: source, filler: filler.count, positions: positions.count, output: output)
    let width = output.columns
    for row in 0..<output.rows {
      let from = Int(placement.sourceRows[row])
      for column in 0..<width {
        output[row * width + column] =
          (from < 0 ? filler[column] : source[from * width + column]) + positions[Int(placement.positionRows[row]) * width + column]
      }
    }
  }

  package func rowDot(_ input: Matrix, weights: borrowing Buffer<Float>, bias: Float) -> [Float] {
    var results: [Float] = []
    for row in 0..<input.rows {
      var sum = Double(bias)
      for column in 0..<input.columns { sum += Double(input[row * input.columns + column]) * Double(weights[column]) }
      results.append(Float(sum))
    }
    return results
  }
}
