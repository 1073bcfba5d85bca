import Glibc
import Tensors

extension ReferenceTrainingOperations {
  package func gradientNorm(_ arena: ParameterArena) throws(KernelError) -> Double {
    let gradients = arena.gradients.unsafePointer
    return (0..<arena.gradients.count).reduce(0.0) { $0 + Double(gradients[$1]) * Double(gradients[$1]) }.squareRoot()
  }

  package func adamW(_ arena: ParameterArena, groups: [ParameterGroup], _ step: AdamWStep, average: MovingAverage?) {
    arena.check(groups, average: average)
    for group in groups {
      for index in group.range { update(arena, index, group, step) }
      guard let average else { continue }
      let (following, followed) = (average.arena.values.unsafePointer, arena.values.unsafePointer)
      for index in group.range {
        following[index] = Float(average.momentum * Double(following[index]) + (1 - average.momentum) * Double(followed[index]))
      }
    }
  }

  private func update(_ arena: ParameterArena, _ index: Int, _ group: ParameterGroup, _ step: AdamWStep) {
    let gradient = Double(arena.gradients.unsafePointer[index]) * step.gradientScale
    let first = step.firstDecay * Double(arena.firstMoments.unsafePointer[index]) + (1 - step.firstDecay) * gradient
    let second = step.secondDecay * Double(arena.secondMoments.unsafePointer[index]) + (1 - step.secondDecay) * gradient * gradient
    let deviation = (second / (1 - pow(step.secondDecay, Double(step.step)))).squareRoot() + step.epsilon
    let kept = Double(arena.values.unsafePointer[index]) * (1 - group.learningRate * group.weightDecay)
    let rate = group.learningRate / (1 - pow(step.firstDecay, Double(step.step)))
    arena.values.unsafePointer[index] = Float(kept - rate * first / deviation)
    arena.firstMoments.unsafePointer[index] = Float(first)
    arena.secondMoments.unsafePointer[index] = Float(second)
    arena.gradients.unsafePointer[index] = 0
  }
}
