import Images
import Kernels

extension PretrainingConfiguration {
  /// What is done to every image.
  var augmentation: CropAndMirror {
    CropAndMirror(
      crop: RandomResizedCrop(
        size: model.imageSize, scale: data.cropScaleMinimum...data.cropScaleMaximum,
        ratio: data.cropRatioMinimum...data.cropRatioMaximum),
      mirroredShare: data.flipProbability)
  }

  /// How the parts of a batch are loaded.
  var loader: LoaderConfiguration {
    let part = optimizer.batchSize / optimizer.accumulation
    return LoaderConfiguration(
      batchSize: part, batchesPerStep: optimizer.accumulation, seed: UInt64(run.seed), threads: data.loaderThreads ?? Processor.threadCount,
      batchesAhead: data.batchesAhead, cacheBytes: data.cacheBytes,
      maximumUnreadableShare: data.maximumUnreadableShare)
  }
}
