import Kernels
import Tensors
import Testing

/// AdamW, the moving average and the gradient norm.
@Suite struct OptimizerTests {
  private static func filled(_ arena: ParameterArena, _ part: ParameterArena.Part, _ numbers: [Float]) {
    arena.withMutableSpan(of: part, 0..<numbers.count) { span in for index in numbers.indices { span[index] = numbers[index] } }
  }

  private static func numbers(_ arena: ParameterArena, _ part: ParameterArena.Part) -> [Float] {
    arena.withSpan(of: part, 0..<arena.count) { span in span.indices.map { span[$0] } }
  }

  private static func sets(_ threads: [Int]) throws -> [any TrainingOperations] {
    try [ReferenceTrainingOperations()] + threads.map { try OneDNNTrainingOperations(precision: .float32, threads: $0) }
  }

  private static func step(_ number: Int, scale: Double = 1) -> AdamWStep {
    AdamWStep(firstDecay: 0.9, secondDecay: 0.95, epsilon: 1e-8, step: number, gradientScale: scale)
  }

  /// PyTorch 2.13: AdamW(lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.05), three steps.
  @Test func `three steps are PyTorch's`() throws {
    let gradients: [[Float]] = [[0.1, -0.2, 0.3, 0, 1e-6], [0.5, 0.1, -0.4, 0, 2e-6], [-0.3, 0.05, 0.2, 1, -4e-6]]
    let expected: [Float] = [0.9775209426879883, -1.9837039709091187, 0.4901981055736542, -0.0062322309240698814, 2.977992296218872]
    for operations in try Self.sets([1, 2]) {
      let arena = ParameterArena(count: 5, contents: [.gradients, .moments])
      Self.filled(arena, .values, [1, -2, 0.5, 0, 3])
      for (index, gradient) in gradients.enumerated() {
        Self.filled(arena, .gradients, gradient.map { $0 * 4 })
        let group = ParameterGroup(range: 0..<5, learningRate: 0.01, weightDecay: 0.05)
        operations.adamW(arena, groups: [group], Self.step(index + 1, scale: 0.25), average: nil)
        #expect(Self.numbers(arena, .gradients) == [0, 0, 0, 0, 0])
      }
      expectClose(Self.numbers(arena, .values), expected, tolerance: 2e-7)
    }
  }

  @Test func `groups and averages equal their twins', and nothing else changes`() throws {
    let count = 20_011
    let groups = [
      ParameterGroup(range: 3..<40, learningRate: 0.01, weightDecay: 0.05),
      ParameterGroup(range: 64..<9000, learningRate: 0.02, weightDecay: 0),
      ParameterGroup(range: 9000..<20_000, learningRate: 0.005, weightDecay: 0.1),
    ]
    var results: [[[Float]]] = []
    for operations in try Self.sets([1, 2, 3]) {
      var random = SplitMix64(seed: 21)
      let arena = ParameterArena(count: count, contents: [.gradients, .moments])
      let teacher = ParameterArena(count: count, contents: [])
      Self.filled(arena, .values, random.floats(count))
      Self.filled(teacher, .values, random.floats(count))
      for number in 1...3 {
        Self.filled(arena, .gradients, random.floats(count))
        operations.adamW(arena, groups: groups, Self.step(number, scale: 0.5), average: MovingAverage(arena: teacher, momentum: 0.999))
      }
      #expect(Self.numbers(arena, .gradients)[64..<20_000].allSatisfy { $0 == 0 })
      results.append(ParameterArena.Part.allCases.map { Self.numbers(arena, $0) } + [Self.numbers(teacher, .values)])
    }
    for result in results.dropFirst() {
      for (found, expected) in zip(result, results[0]) { expectClose(found, expected, tolerance: 1e-6) }
      #expect(result == results[1], "other bits from another number of threads")
    }
  }

  @Test func `an arena takes another's values`() {
    var random = SplitMix64(seed: 23)
    let student = ParameterArena(count: 70, contents: [.gradients, .moments])
    let teacher = ParameterArena(count: 70, contents: [])
    Self.filled(student, .values, random.floats(70))
    teacher.copyValues(of: student)
    let values = Self.numbers(student, .values)
    #expect(Self.numbers(teacher, .values) == values)
  }

  @Test func `a gradient that is not finite shows in the norm`() throws {
    for operations in try Self.sets([2]) {
      let arena = ParameterArena(count: 9000, contents: .gradients)
      Self.filled(arena, .gradients, [0, .nan])
      #expect(try operations.gradientNorm(arena).isNaN)
    }
  }

  @Test func `the gradient norm is the twin's, whatever the number of threads`() throws {
    var random = SplitMix64(seed: 22)
    let arena = ParameterArena(count: 30_001, contents: .gradients)
    Self.filled(arena, .gradients, random.floats(arena.count))
    let norms = try Self.sets([1, 2, 3]).map { try $0.gradientNorm(arena) }
    for norm in norms { #expect(abs(norm - norms[0]) < 1e-7 * norms[0]) }
    #expect(Set(norms.dropFirst()).count == 1)
    arena.resetGradients()
    #expect(try Self.sets([2]).map { try $0.gradientNorm(arena) } == [0, 0])
  }
}
