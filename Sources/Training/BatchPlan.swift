/// Which images make which batch: a function of their number and the seed alone.
package struct BatchPlan: Hashable, Sendable {
  package let imageCount: Int
  package let batchSize: Int
  package let order: LoaderConfiguration.Order
  package let seed: UInt64
  package let batchesPerEpoch: Int

  /// - Parameter batchesPerStep: of a shuffled epoch's batches those are dropped that do not fill a step of so many.
  package init(
    imageCount: Int, batchSize: Int, batchesPerStep: Int = 1, order: LoaderConfiguration.Order, seed: UInt64
  ) throws(LoadingError) {
    self.imageCount = imageCount
    self.batchSize = batchSize
    self.order = order
    self.seed = seed
    batchesPerEpoch =
      order == .shuffled ? imageCount / (batchSize * batchesPerStep) * batchesPerStep : (imageCount + batchSize - 1) / batchSize
    guard batchesPerEpoch > 0 else { throw .noBatch(images: imageCount, batchSize: batchSize * batchesPerStep) }
  }

  /// The images of an epoch in order: Fisher and Yates's shuffle from the back (Knuth, volume 2, algorithm 3.4.2P), place i exchanged with
  /// place ⌊u · (i + 1)⌋.
  package func images(inEpoch epoch: Int) -> [Int] {
    var images = Array(0..<imageCount)
    guard order == .shuffled else { return images }
    var generator = RandomStream.order.generator(seed: seed, epoch: epoch)
    for place in stride(from: imageCount - 1, to: 0, by: -1) { images.swapAt(place, generator.nextInteger(below: place + 1)) }
    return images
  }

  /// The places in the epoch's order that the batch takes.
  package func places(ofBatch batch: Int) -> Range<Int> {
    precondition(batch >= 0 && batch < batchesPerEpoch, "batch \(batch) of \(batchesPerEpoch)")
    return batch * batchSize..<min((batch + 1) * batchSize, imageCount)
  }

  /// The position after one.
  package func following(_ position: BatchPosition) -> BatchPosition {
    position.batch + 1 < batchesPerEpoch
      ? BatchPosition(epoch: position.epoch, batch: position.batch + 1) : BatchPosition(epoch: position.epoch + 1, batch: 0)
  }

  /// The position to begin at; that after an epoch's last batch is the next epoch's first.
  func start(at position: BatchPosition) throws(LoadingError) -> BatchPosition {
    guard position.epoch >= 0, (0...batchesPerEpoch).contains(position.batch) else {
      throw .noSuchBatch(position, batchesPerEpoch: batchesPerEpoch)
    }
    return position.batch == batchesPerEpoch ? BatchPosition(epoch: position.epoch + 1, batch: 0) : position
  }
}
