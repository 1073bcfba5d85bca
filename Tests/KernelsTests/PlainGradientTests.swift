import Kernels
import Tensors
import Testing

/// The twins' gradients beside central differences, all in double precision.
@Suite struct PlainGradientTests {
  private static func doubles(_ count: Int, seed: UInt64) -> [Double] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in random.nextUnitDouble() * 2 - 1 }
  }

  private static func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }

  /// Expects `gradient` to be that of `function` at `x`.
  private func expectGradient(
    _ gradient: [Double], at x: [Double], sourceLocation: SourceLocation = #_sourceLocation, of function: ([Double]) -> Double
  ) {
    #expect(gradient.count == x.count, sourceLocation: sourceLocation)
    for index in x.indices {
      let step = 1e-5
      var (above, below) = (x, x)
      above[index] += step
      below[index] -= step
      let difference = (function(above) - function(below)) / (2 * step)
      #expect(abs(difference - gradient[index]) < 1e-8 * max(1, abs(difference)), "element \(index)", sourceLocation: sourceLocation)
    }
  }

  @Test func `a linear layer's gradients are its differences`() {
    let (rows, inputs, outputs) = (4, 5, 3)
    let (x, weights, bias) = (
      Self.doubles(rows * inputs, seed: 1), Self.doubles(outputs * inputs, seed: 2), Self.doubles(outputs, seed: 3)
    )
    let gradient = Self.doubles(rows * outputs, seed: 4)
    expectGradient(PlainGradients.linearInputGradient(gradient, weights: weights, outputs: outputs), at: x) {
      Self.dot(PlainGradients.linear($0, weights: weights, bias: bias), gradient)
    }
    expectGradient(PlainGradients.linearWeightGradient(gradient, x: x, outputs: outputs, inputs: inputs), at: weights) {
      Self.dot(PlainGradients.linear(x, weights: $0, bias: bias), gradient)
    }
    expectGradient(PlainGradients.columnSums(gradient, columns: outputs), at: bias) {
      Self.dot(PlainGradients.linear(x, weights: weights, bias: $0), gradient)
    }
  }

  @Test func `the slope of GELU is its difference`() {
    for x in [-9, -3, -1, -0.1, 0, 0.2, 1, 4, 9] {
      expectGradient([PlainGradients.geluSlope(x)], at: [x]) { PlainGradients.gelu($0[0]) }
    }
  }

  @Test func `layer normalisation's gradients are its differences`() {
    let (rows, width) = (3, 7)
    let (x, scale, shift) = (Self.doubles(rows * width, seed: 5), Self.doubles(width, seed: 6), Self.doubles(width, seed: 7))
    let gradient = Self.doubles(rows * width, seed: 8)
    func value(_ x: [Double], _ scale: [Double], _ shift: [Double]) -> Double {
      Self.dot(PlainGradients.layerNorm(x, scale: scale, shift: shift, epsilon: 1e-6).output, gradient)
    }
    let statistics = PlainGradients.layerNorm(x, scale: scale, shift: shift, epsilon: 1e-6).statistics
    let found = PlainGradients.layerNormBackward(gradient, x: x, statistics: statistics, scale: scale)
    expectGradient(found.input, at: x) { value($0, scale, shift) }
    expectGradient(found.scale, at: scale) { value(x, $0, shift) }
    expectGradient(found.shift, at: shift) { value(x, scale, $0) }
  }

  @Test(arguments: [(1, 1, 2, 1), (2, 5, 6, 2), (1, 6, 3, 3)])
  func `attention's gradient is its difference`(shape: (sequences: Int, tokens: Int, width: Int, heads: Int)) {
    let attention = PlainAttention(sequences: shape.sequences, tokens: shape.tokens, width: shape.width, heads: shape.heads)
    let rows = shape.sequences * shape.tokens
    let (x, gradient) = (Self.doubles(rows * 3 * shape.width, seed: 9), Self.doubles(rows * shape.width, seed: 10))
    let forward = attention.forward(x)
    expectGradient(attention.backward(gradient, x: x, output: forward.output, logSumExp: forward.logSumExp), at: x) {
      Self.dot(attention.forward($0).output, gradient)
    }
  }

  /// Of a linear operation A and its gradient Aᵀ: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩.
  @Test func `the gradients of moved rows are their transposes`() {
    let operations = ReferenceTrainingOperations()
    let (desk, width) = (TrainingDesk(seed: 11), 6)
    let placement = TokenPlacement(sourceRows: [-1, 2, 0, 2], positionRows: [0, 0, 0, 0])
    let (source, placed, gradient, found) = (desk.matrix(3, width), desk.matrix(4, width), desk.matrix(4, width), desk.matrix(3, width))
    let filler = desk.view(width)
    let before = desk.gradients
    operations.placeTokens(source, filler: filler, positions: Buffer(repeating: 0, count: width), placement, into: placed)
    operations.placeTokensBackward(gradient, filler: filler, placement, .store, into: found)
    let fillerGradient = zip(desk.gradients, before).prefix(width).map { Double($0 - $1) }
    let values = desk.numbers(.values).prefix(width).map { Double($0) }
    let forward = Self.dot(placed.floats.map { Double($0) }, gradient.floats.map { Double($0) })
    let backward = Self.dot(source.floats.map { Double($0) }, found.floats.map { Double($0) }) + Self.dot(values, fillerGradient)
    #expect(abs(forward - backward) < 1e-6)
  }

  @Test func `the mean of outputs is the mean of the layer's outputs, and so are its gradients`() throws {
    let operations = ReferenceTrainingOperations()
    let (rows, inputs, outputs) = (5, 7, 4)
    let (desk, other) = (TrainingDesk(seed: 12), TrainingDesk(seed: 12))
    let (layer, same) = (desk.layer(inputs, outputs), other.layer(inputs, outputs))
    let input = desk.matrix(rows, inputs)
    let (all, mean) = (desk.matrix(rows, outputs), desk.matrix(rows, 1))
    try operations.linear(input, layer, residual: nil, into: all)
    try operations.meanOfOutputs(input, layer, into: mean)
    let expected = (0..<rows).map { row in all.floats[row * outputs..<(row + 1) * outputs].reduce(0, +) / Float(outputs) }
    expectClose(mean.floats, expected, tolerance: 1e-6)
    let gradient = desk.matrix(rows, 1)
    all.fill(from: (0..<rows * outputs).map { gradient.floats[$0 / outputs] / Float(outputs) })
    let (found, through) = (desk.matrix(rows, inputs), desk.matrix(rows, inputs))
    try operations.meanOfOutputsBackward(gradient, input: input, layer, into: found)
    try operations.linearInputGradient(all, same, .store, into: through)
    try operations.linearParameterGradients(all, input: input, same, .add)
    expectClose(found.floats, through.floats, tolerance: 1e-6)
    expectClose(desk.gradients, other.gradients, tolerance: 1e-6)
  }
}
