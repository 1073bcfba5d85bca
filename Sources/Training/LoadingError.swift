/// Why batches cannot be made of a set of images.
package enum LoadingError: Error, Hashable, CustomStringConvertible {
  /// Not one full batch.
  case noBatch(images: Int, batchSize: Int)
  /// A batch that an epoch does not have.
  case noSuchBatch(BatchPosition, batchesPerEpoch: Int)
  /// More images than allowed could not be read; the last one, with its reason.
  case tooManyUnreadable(failed: Int, images: Int, allowed: Int, last: String)
  /// More held back than there are.
  case impossibleSplit(heldBack: String, images: Int)

  package var description: String {
    switch self {
    case .noBatch(let images, let batchSize):
      "\(images) images make no batch of \(batchSize), and smaller ones are dropped; give more images or a smaller batch"
    case .noSuchBatch(let position, let batches):
      "the position \(position) does not exist: an epoch has \(batches) batches; the images or the batch size have changed since"
    case .tooManyUnreadable(let failed, let images, let allowed, let last):
      "\(failed) of \(images) images could not be read, but at most \(allowed) may fail; the last was \(last)"
    case .impossibleSplit(let heldBack, let images): "\(heldBack) cannot be held back of \(images) images so that some are left to train on"
    }
  }
}
