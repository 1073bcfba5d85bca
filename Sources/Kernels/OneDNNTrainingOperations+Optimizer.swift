import CKernels
import Glibc
import Tensors

extension OneDNNTrainingOperations {
  package func gradientNorm(_ arena: ParameterArena) throws(KernelError) -> Double {
    var sum = 0.0
    let status = hpm_sum_of_squares(context, arena.gradients.unsafePointer, Int64(arena.gradients.count), &sum)
    try KernelError.check(status, "the norm of \(arena.count) gradients")
    return sum.squareRoot()
  }

  package func adamW(_ arena: ParameterArena, groups: [ParameterGroup], _ step: AdamWStep, average: MovingAverage?) {
    arena.check(groups, average: average)
    let number = Double(step.step)
    let correction = 1 - pow(step.firstDecay, number)
    let parts = groups.map { group in
      hpm_parameter_group(
        first: Int64(group.range.lowerBound), count: Int64(group.range.count), kept: Float(1 - group.learningRate * group.weightDecay),
        rate: Float(group.learningRate / correction))
    }
    parts.withUnsafeBufferPointer { parts in
      var work = hpm_adamw()
      arena.describe(to: &work)
      if let average {
        work.average = average.arena.values.unsafePointer
        work.average_share = Float(1 - average.momentum)
      }
      (work.gradient_scale, work.epsilon) = (Float(step.gradientScale), Float(step.epsilon))
      (work.first_decay, work.first_share) = (Float(step.firstDecay), Float(1 - step.firstDecay))
      (work.second_decay, work.second_share) = (Float(step.secondDecay), Float(1 - step.secondDecay))
      work.second_correction = Float(1 / (1 - pow(step.secondDecay, number)).squareRoot())
      (work.groups, work.group_count) = (parts.baseAddress, Int64(parts.count))
      hpm_adamw_step(context, &work)
    }
  }
}

extension ParameterArena {
  fileprivate func describe(to work: inout hpm_adamw) {
    work.values = values.unsafePointer
    work.gradients = gradients.unsafePointer
    work.first_moments = firstMoments.unsafePointer
    work.second_moments = secondMoments.unsafePointer
  }
}
