import Glibc

/// Softmax attention and its gradient on arrays of doubles, in plain loops.
package struct PlainAttention {
  package let sequences: Int
  package let tokens: Int
  package let width: Int
  package let heads: Int

  package init(sequences: Int, tokens: Int, width: Int, heads: Int) {
    self.sequences = sequences
    self.tokens = tokens
    self.width = width
    self.heads = heads
  }

  private var headWidth: Int { width / heads }
  private var scale: Double { 1 / Double(headWidth).squareRoot() }

  /// Where in `[query | key | value]` rows a token's part (0, 1 or 2) of a head begins.
  private func start(_ sequence: Int, _ token: Int, part: Int, _ head: Int) -> Int {
    ((sequence * tokens + token) * 3 + part) * width + head * headWidth
  }

  /// The scaled scores of one query.
  private func scores(_ x: [Double], _ sequence: Int, _ head: Int, query: Int) -> [Double] {
    let from = start(sequence, query, part: 0, head)
    return (0..<tokens).map { token in
      let key = start(sequence, token, part: 1, head)
      return scale * (0..<headWidth).reduce(0) { $0 + x[from + $1] * x[key + $1] }
    }
  }

  /// Output `[sequences · tokens, width]` and logarithms of the softmax denominators `[sequences · heads, tokens]`.
  package func forward(_ x: [Double]) -> (output: [Double], logSumExp: [Double]) {
    var output = [Double](repeating: 0, count: sequences * tokens * width)
    var logSumExp: [Double] = []
    for sequence in 0..<sequences {
      for head in 0..<heads {
        for query in 0..<tokens {
          let scores = scores(x, sequence, head, query: query)
          let greatest = scores.max() ?? 0
          let logarithm = greatest + log(scores.reduce(0) { $0 + exp($1 - greatest) })
          logSumExp.append(logarithm)
          let into = (sequence * tokens + query) * width + head * headWidth
          for token in 0..<tokens {
            let share = exp(scores[token] - logarithm)
            let value = start(sequence, token, part: 2, head)
            for index in 0..<headWidth { output[into + index] += share * x[value + index] }
          }
        }
      }
    }
    return (output, logSumExp)
  }

  /// The gradient of x: with P the probabilities, dV = Pᵀ dO, dP = dO Vᵀ, dS = P (dP − rowsum(dO · O)), dQ = dS K · scale, dK = dSᵀ Q · scale.
  package func backward(_ gradient: [Double], x: [Double], output: [Double], logSumExp: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    for sequence in 0..<sequences {
      for head in 0..<heads {
        for query in 0..<tokens {
          let scores = scores(x, sequence, head, query: query)
          let logarithm = logSumExp[(sequence * heads + head) * tokens + query]
          let row = (sequence * tokens + query) * width + head * headWidth
          let total = (0..<headWidth).reduce(0) { $0 + gradient[row + $1] * output[row + $1] }
          let from = start(sequence, query, part: 0, head)
          for token in 0..<tokens {
            let (key, value) = (start(sequence, token, part: 1, head), start(sequence, token, part: 2, head))
            let share = exp(scores[token] - logarithm)
            let shareGradient = (0..<headWidth).reduce(0) { $0 + gradient[row + $1] * x[value + $1] }
            let scoreGradient = share * (shareGradient - total) * scale
            for index in 0..<headWidth {
              result[value + index] += share * gradient[row + index]
              result[from + index] += scoreGradient * x[key + index]
              result[key + index] += scoreGradient * x[from + index]
            }
          }
        }
      }
    }
    return result
  }
}
