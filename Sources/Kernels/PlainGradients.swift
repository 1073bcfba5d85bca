import Glibc

/// The training pass' mathematics on arrays of doubles, in plain loops: what ``ReferenceTrainingOperations`` computes with, and what is
/// itself checked with finite differences. Matrices are row-major.
package enum PlainGradients {
  /// x Wᵀ + b of `x [rows, inputs]`, `weights [outputs, inputs]`.
  package static func linear(_ x: [Double], weights: [Double], bias: [Double]) -> [Double] {
    let outputs = bias.count
    let inputs = weights.count / outputs
    var result: [Double] = []
    result.reserveCapacity(x.count / inputs * outputs)
    for row in 0..<x.count / inputs {
      for output in 0..<outputs {
        var sum = bias[output]
        for index in 0..<inputs { sum += x[row * inputs + index] * weights[output * inputs + index] }
        result.append(sum)
      }
    }
    return result
  }

  /// dy W.
  package static func linearInputGradient(_ gradient: [Double], weights: [Double], outputs: Int) -> [Double] {
    let (rows, inputs) = (gradient.count / outputs, weights.count / outputs)
    var result = [Double](repeating: 0, count: rows * inputs)
    for row in 0..<rows {
      for output in 0..<outputs {
        for index in 0..<inputs { result[row * inputs + index] += gradient[row * outputs + output] * weights[output * inputs + index] }
      }
    }
    return result
  }

  /// dyᵀ x.
  package static func linearWeightGradient(_ gradient: [Double], x: [Double], outputs: Int, inputs: Int) -> [Double] {
    var result = [Double](repeating: 0, count: outputs * inputs)
    for row in 0..<gradient.count / outputs {
      for output in 0..<outputs {
        for index in 0..<inputs { result[output * inputs + index] += gradient[row * outputs + output] * x[row * inputs + index] }
      }
    }
    return result
  }

  package static func columnSums(_ x: [Double], columns: Int) -> [Double] {
    (0..<columns).map { column in stride(from: column, to: x.count, by: columns).reduce(0) { $0 + x[$1] } }
  }

  /// x Φ(x), Φ the normal distribution.
  package static func gelu(_ x: Double) -> Double { 0.5 * x * (1 + erf(x / 2.0.squareRoot())) }

  /// Φ(x) + x φ(x).
  package static func geluSlope(_ x: Double) -> Double {
    0.5 * (1 + erf(x / 2.0.squareRoot())) + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
  }

  /// Output, and each row's mean and inverse deviation.
  package static func layerNorm(
    _ x: [Double], scale: [Double], shift: [Double], epsilon: Double
  ) -> (output: [Double], statistics: [Double]) {
    let width = scale.count
    var (output, statistics): ([Double], [Double]) = ([], [])
    for start in stride(from: 0, to: x.count, by: width) {
      let row = x[start..<start + width]
      let mean = row.reduce(0, +) / Double(width)
      let inverse = 1 / (row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width) + epsilon).squareRoot()
      statistics += [mean, inverse]
      for column in 0..<width { output.append((x[start + column] - mean) * inverse * scale[column] + shift[column]) }
    }
    return (output, statistics)
  }

  /// With x̂ the normalised input and ĝ = dy · scale: dx = (ĝ − mean(ĝ) − x̂ mean(ĝ x̂)) / deviation, dscale = Σ dy x̂, dshift = Σ dy.
  package static func layerNormBackward(
    _ gradient: [Double], x: [Double], statistics: [Double], scale: [Double]
  ) -> (input: [Double], scale: [Double], shift: [Double]) {
    let width = scale.count
    var input: [Double] = []
    var normalised: [Double] = []
    for row in 0..<x.count / width {
      let (mean, inverse) = (statistics[2 * row], statistics[2 * row + 1])
      let hat = (0..<width).map { (x[row * width + $0] - mean) * inverse }
      let scaled = (0..<width).map { gradient[row * width + $0] * scale[$0] }
      let scaledMean = scaled.reduce(0, +) / Double(width)
      let product = zip(scaled, hat).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
      input += (0..<width).map { (scaled[$0] - scaledMean - hat[$0] * product) * inverse }
      normalised += hat
    }
    return (input, columnSums(zip(gradient, normalised).map { $0 * $1 }, columns: width), columnSums(gradient, columns: width))
  }
}
