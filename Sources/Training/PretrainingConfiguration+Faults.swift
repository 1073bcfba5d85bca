import Masking

extension PretrainingConfiguration {
  /// A sentence for each set of values that cannot go together; none for a configuration that can run.
  package var faults: [String] { modelFaults + maskFaults + lossFaults + targetFaults + dataFaults + optimizerFaults }

  private var modelFaults: [String] {
    var faults: [String] = []
    let size = model.imageSize
    if size.height % model.patchSize != 0 || size.width % model.patchSize != 0 {
      faults.append("model.image_size: expected sides divisible by model.patch_size \(model.patchSize), found \(size)")
    }
    for (part, width, heads) in [
      ("encoder", model.encoderWidth, model.encoderHeads), ("decoder", model.decoderWidth, model.decoderHeads),
    ] {
      if width % heads != 0 { faults.append("model.\(part)_width: expected a multiple of model.\(part)_heads \(heads), found \(width)") }
      // Half of a position's numbers encode the column, half the row, each half in sines and cosines.
      if width % 4 != 0 { faults.append("model.\(part)_width: expected a multiple of 4, found \(width)") }
    }
    return faults
  }

  private var maskFaults: [String] {
    guard modelFaults.isEmpty else { return [] }
    var faults: [String] = []
    let masked = MaskCount.masked(of: grid.count, ratio: mask.ratio)
    if masked == 0 || masked == grid.count {
      faults.append(
        "mask.ratio: expected one that masks some of \(grid.count) patches but not all, found \(mask.ratio), which masks \(masked)")
    }
    if mask.strategy == .uniform {
      do { _ = try MaskDrawing(strategy: .uniform, ratio: mask.ratio).draw(grid: grid) } catch { faults.append("mask.strategy: \(error)") }
    }
    let visible = grid.count - masked
    if visible > 0, MaskCount.masked(of: visible, ratio: mask.secondaryRatio) == visible {
      faults.append(
        "mask.secondary_ratio: expected one that leaves some of \(visible) visible patches as they are, found \(mask.secondaryRatio)")
    }
    if masked > 0 {
      let needed = (grid.count + masked - 1) / masked
      if mask.teacherView == .maskedAverage && mask.strategy.usesPredictedLoss && mask.teacherViews < needed {
        faults.append("mask.teacher_views: expected at least \(needed), to hide every patch once, found \(mask.teacherViews)")
      }
      if loss.predicting != .none && evaluation.views < needed {
        faults.append("evaluation.views: expected at least \(needed), to hide every patch once, found \(evaluation.views)")
      }
    }
    return faults
  }

  private var lossFaults: [String] {
    var faults: [String] = []
    if loss.predicting == .none && mask.strategy.usesPredictedLoss {
      faults.append(
        "mask.strategy: \(mask.strategy.rawValue) needs predicted losses, but loss.predicting is none; choose another strategy, such as random"
      )
    }
    return faults
  }

  private var targetFaults: [String] {
    var faults: [String] = []
    if target.normPix && target.kind != .pixels {
      faults.append("target.norm_pix: expected false, for target.kind is \(target.kind.rawValue); found true")
    }
    if target.kind.isFrozen {
      if target.file == nil {
        faults.append("target.file: expected the checkpoint of the frozen network, for target.kind is \(target.kind.rawValue); found null")
      }
      return faults
    }
    for (name, isSet) in [("file", target.file != nil), ("file_digest", target.fileDigest != nil), ("heads", target.heads != nil)]
    where isSet {
      faults.append("target.\(name): expected null, for target.kind is \(target.kind.rawValue), which reads no network")
    }
    return faults
  }

  private var dataFaults: [String] {
    var faults: [String] = []
    if data.cropScaleMinimum > data.cropScaleMaximum {
      faults.append("data.crop_scale_min: expected at most crop_scale_max \(data.cropScaleMaximum), found \(data.cropScaleMinimum)")
    }
    if data.cropRatioMinimum > data.cropRatioMaximum {
      faults.append("data.crop_ratio_min: expected at most crop_ratio_max \(data.cropRatioMaximum), found \(data.cropRatioMinimum)")
    }
    if evaluation.contactSheetImages > evaluation.heldBackImages {
      faults.append(
        "evaluation.contact_sheet_images: expected at most held_back_images \(evaluation.heldBackImages), "
          + "found \(evaluation.contactSheetImages)")
    }
    return faults
  }

  private var optimizerFaults: [String] {
    var faults: [String] = []
    if optimizer.batchSize % optimizer.accumulation != 0 {
      faults.append("optimizer.accumulation: expected a divisor of batch_size \(optimizer.batchSize), found \(optimizer.accumulation)")
    }
    if schedule.warmupEpochs > Double(schedule.epochs) {
      faults.append("schedule.warmup_epochs: expected at most epochs \(schedule.epochs), found \(schedule.warmupEpochs)")
    }
    if schedule.minimumLearningRate > peakLearningRate {
      faults.append(
        "schedule.min_learning_rate: expected at most the highest learning rate \(peakLearningRate), found \(schedule.minimumLearningRate)")
    }
    return faults
  }
}
