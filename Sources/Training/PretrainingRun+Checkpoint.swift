import Checkpoints
import VisionModels

extension PretrainingRun {
  /// Writes student and teacher as the authors' program does, with what a server needs to know beside them.
  func writeCheckpoint() throws {
    let name = CheckpointName(epochs: state.epoch, step: state.batch > 0 ? state.step : nil)
    let document = TorchDocument.training(
      student: step.student.writableTensors, teacher: .weights(step.teacher.writableTensors), model: "custom", epoch: state.epoch,
      configuration: .members(reading: configuration.checkpointMetadata))
    let path = directory.checkpointPath(name, extension: "pth")
    do throws(CheckpointError) { try CheckpointWriter.writeTorch(document, to: path, existing: .replace) } catch { throw RunError(error) }
  }
}

extension PretrainingConfiguration {
  /// What a checkpoint says of itself beside its shapes.
  var checkpointMetadata: [String: String] {
    [
      "num_heads": String(model.encoderHeads), "decoder_num_heads": String(model.decoderHeads), "mask_ratio": String(mask.ratio),
      "predicting_loss": loss.predicting.rawValue, "norm_pix_loss": String(target.normPix), "target": target.kind.rawValue,
      "img_size": model.imageSize.description, "patch_size": String(model.patchSize), "layer_norm_eps": String(model.layerNormEpsilon),
    ]
  }
}
