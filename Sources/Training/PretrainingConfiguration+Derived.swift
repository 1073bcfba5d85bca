package import Masking
package import VisionModels

extension PretrainingConfiguration {
  /// The network's own configuration; only of a configuration without ``faults``.
  package var modelConfiguration: ModelConfiguration {
    ModelConfiguration(
      patchSize: model.patchSize, grid: grid,
      encoder: transformer(width: model.encoderWidth, depth: model.encoderDepth, heads: model.encoderHeads),
      decoder: transformer(width: model.decoderWidth, depth: model.decoderDepth, heads: model.decoderHeads),
      layerNormEpsilon: Float(model.layerNormEpsilon))
  }

  private func transformer(width: Int, depth: Int, heads: Int) -> TransformerConfiguration {
    TransformerConfiguration(width: width, depth: depth, heads: heads, hiddenWidth: model.mlpRatio * width)
  }

  /// Patches of an image.
  package var grid: PatchGrid {
    PatchGrid(rows: model.imageSize.height / model.patchSize, columns: model.imageSize.width / model.patchSize)
  }

  /// The highest learning rate: as set, or base · batch / 256.
  package var peakLearningRate: Double {
    optimizer.learningRate ?? optimizer.baseLearningRate * Double(optimizer.batchSize) / 256
  }

  package var learningRate: LearningRateSchedule {
    LearningRateSchedule(
      peak: peakLearningRate, minimum: schedule.minimumLearningRate, warmupEpochs: schedule.warmupEpochs, epochs: Double(schedule.epochs))
  }

  package var teacherMomentum: TeacherMomentumSchedule {
    let growth: Double? =
      switch schedule.emaGrowth {
      case .epochs: Double(schedule.emaEpochs)
      case .share: schedule.emaShare * Double(schedule.epochs)
      case .constant: nil
      }
    return TeacherMomentumSchedule(start: schedule.emaStart, end: schedule.emaEnd, epochsOfGrowth: growth)
  }

  package var easyToHard: EasyToHardSchedule {
    EasyToHardSchedule(alpha0: mask.alpha0, alphaT: mask.alphaT, clock: mask.alphaClock)
  }
}
