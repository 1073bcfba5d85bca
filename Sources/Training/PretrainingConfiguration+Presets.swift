import Masking
import VisionModels

extension PretrainingConfiguration {
  /// The authors' two runs, small networks for small data, the run that made the model hpm brings, the reference's small run, and one that
  /// takes seconds.
  package static let presetNames = ["vit_base_200", "vit_large_800", "vit_small", "vit_tiny", "tiny128", "small32", "test"]

  /// The configuration of that name; `nil` for an unknown name.
  package static func preset(_ name: String) -> PretrainingConfiguration? {
    switch name {
    case "vit_base_200": PretrainingConfiguration()
    case "vit_large_800": large
    case "vit_small": small("vit_small")
    case "vit_tiny": small("vit_tiny")
    case "tiny128": tiny128
    case "small32": small32
    case "test": test
    default: nil
    }
  }

  private static var large: Self {
    var configuration = Self()
    configuration.take("vit_large")
    configuration.schedule.epochs = 800
    return configuration
  }

  /// One machine's batch, in one part.
  private static func small(_ network: String) -> Self {
    var configuration = Self()
    configuration.take(network)
    configuration.optimizer.batchSize = 256
    configuration.optimizer.accumulation = 1
    return configuration
  }

  /// The run that made the model which hpm brings: an hour of two cores on some ten thousand photos.
  private static var tiny128: Self {
    var configuration = small("vit_tiny")
    configuration.model = Model(
      imageSize: ImageSize(square: 128), patchSize: 16, encoderWidth: 192, encoderDepth: 6, encoderHeads: 3, decoderWidth: 96,
      decoderDepth: 3, decoderHeads: 3)
    configuration.target.normPix = true
    configuration.optimizer.batchSize = 128
    configuration.optimizer.learningRate = 1.5e-3
    configuration.schedule.epochs = 40
    configuration.schedule.warmupEpochs = 3
    configuration.schedule.emaGrowth = .constant
    configuration.schedule.emaStart = 0.996
    return configuration
  }

  /// The small real run of the reference: 12 epochs at 32 pixels, learning rate 1.5e-3 whatever the batch.
  private static var small32: Self {
    var configuration = small("vit_tiny")
    configuration.model = Model(
      imageSize: ImageSize(square: 32), patchSize: 4, encoderWidth: 128, encoderDepth: 6, encoderHeads: 4, decoderWidth: 64,
      decoderDepth: 2, decoderHeads: 4)
    configuration.loss.epsLog = true
    configuration.optimizer.learningRate = 1.5e-3
    configuration.schedule.epochs = 12
    configuration.schedule.warmupEpochs = 1
    configuration.schedule.emaGrowth = .constant
    configuration.schedule.emaStart = 0.99
    configuration.evaluation.everyEpochs = 4
    return configuration
  }

  /// The reference's tiny network, for two epochs of a handful of images.
  private static var test: Self {
    var configuration = small("vit_tiny")
    configuration.model = Model(
      imageSize: ImageSize(square: 48), patchSize: 8, encoderWidth: 48, encoderDepth: 2, encoderHeads: 3, decoderWidth: 32,
      decoderDepth: 2, decoderHeads: 2)
    configuration.optimizer.batchSize = 8
    configuration.optimizer.learningRate = 1e-3
    configuration.schedule.epochs = 2
    configuration.schedule.warmupEpochs = 0.5
    configuration.schedule.emaGrowth = .constant
    configuration.schedule.emaStart = 0.99
    configuration.evaluation.everyEpochs = 1
    configuration.evaluation.heldBackImages = 8
    configuration.run.logEverySteps = 1
    return configuration
  }

  /// Takes over one of the networks that ``ModelConfiguration`` names.
  private mutating func take(_ name: String) {
    guard let network = ModelConfiguration.preset(name) else { preconditionFailure("there is no network \(name)") }
    model.imageSize = ImageSize(height: network.grid.rows * network.patchSize, width: network.grid.columns * network.patchSize)
    model.patchSize = network.patchSize
    (model.encoderWidth, model.encoderDepth, model.encoderHeads) = (network.encoder.width, network.encoder.depth, network.encoder.heads)
    (model.decoderWidth, model.decoderDepth, model.decoderHeads) = (network.decoder.width, network.decoder.depth, network.decoder.heads)
    model.mlpRatio = network.encoder.hiddenWidth / network.encoder.width
  }
}
