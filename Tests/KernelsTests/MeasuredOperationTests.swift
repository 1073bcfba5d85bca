import Kernels
import Tensors
import Testing

/// Operations that are measured do what they did before, and are counted for what they are.
@Suite struct MeasuredOperationTests {
  private func layerTwice(_ operations: some TrainingOperations) throws -> [[Float]] {
    let desk = TrainingDesk(seed: 3)
    let (layer, input, gradient) = (desk.layer(12, 20), desk.matrix(7, 12), desk.matrix(7, 20))
    let (output, inputGradient) = (desk.matrix(7, 20), desk.matrix(7, 12))
    for _ in 0..<2 { try operations.linear(input, layer, residual: nil, into: output) }
    try operations.linearInputGradient(gradient, layer, .store, into: inputGradient)
    try operations.linearParameterGradients(gradient, input: input, layer, .add)
    return [output.floats, inputGradient.floats, desk.gradients]
  }

  @Test func `a layer and its gradients are the same, and their products are counted`() throws {
    let measured = MeasuredTrainingOperations(ReferenceTrainingOperations())
    #expect(try layerTwice(measured) == layerTwice(ReferenceTrainingOperations()))
    let measure = measured.measure
    #expect(measure.products[.linear] == [ProductShape(rows: 7, depth: 12, columns: 20): 2])
    #expect(measure.products[.inputGradient] == [ProductShape(rows: 7, depth: 20, columns: 12): 1])
    #expect(measure.products[.weightGradient] == [ProductShape(rows: 20, depth: 7, columns: 12): 1])
    #expect(measure.operations(of: .linear) == 2 * 2 * 7 * 12 * 20)
    #expect(measure.seconds.keys.contains(.biasGradient) && !measure.seconds.keys.contains(.attention))
    measured.reset()
    #expect(measured.measure.seconds.isEmpty && measured.measure.products.isEmpty)
  }

  @Test func `attention is the same, and its products are counted without the recomputed one`() throws {
    func gradient(_ operations: some TrainingOperations) throws -> [Float] {
      let desk = TrainingDesk(seed: 4)
      let (queryKeyValue, output) = (desk.matrix(10, 24), desk.matrix(10, 8))
      let (logSumExp, outputGradient, gradient) = (desk.matrix(4, 5), desk.matrix(10, 8), desk.matrix(10, 24))
      try operations.attention(queryKeyValue, sequences: 2, heads: 2, logSumExp: logSumExp, into: output)
      try operations.attentionBackward(
        outputGradient, queryKeyValue: queryKeyValue, output: output, logSumExp: logSumExp, sequences: 2, heads: 2, into: gradient)
      return output.floats + gradient.floats
    }
    let measured = MeasuredTrainingOperations(ReferenceTrainingOperations())
    #expect(try gradient(measured) == gradient(ReferenceTrainingOperations()))
    // Two sequences of five tokens eight wide: scores and mixture, two operations each.
    #expect(measured.measure.operations(of: .attention) == 2 * 2 * (2 * 5 * 5 * 8))
    #expect(measured.measure.operations(of: .attentionGradient) == 2 * measured.measure.operations(of: .attention))
  }
}
