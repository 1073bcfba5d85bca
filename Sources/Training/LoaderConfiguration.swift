package import Images

/// How batches are made.
package struct LoaderConfiguration: Hashable, Sendable {
  /// The order of an epoch's images.
  package enum Order: Hashable, Sendable {
    /// A new permutation each epoch; what fills no whole batch is dropped.
    case shuffled
    /// As the set has them; the last batch may be smaller.
    case stored
  }

  /// B, images in a batch.
  package var batchSize: Int
  /// Batches of one step; an epoch has whole steps only.
  package var batchesPerStep: Int
  package var order: Order
  /// Of order and augmentation.
  package var seed: UInt64
  /// Threads that decode and augment.
  package var threads: Int
  /// Batches finished or in work beyond the one in use: the bound on memory.
  package var batchesAhead: Int
  /// Bytes of decoded images that are kept.
  package var cacheBytes: Int
  /// Of all images, the share that may fail to decode; they are replaced. Beyond it the run fails.
  package var maximumUnreadableShare: Double
  package var decodeLimits: DecodeLimits
  package var normalization: Normalization

  package init(
    batchSize: Int, batchesPerStep: Int = 1, order: Order = .shuffled, seed: UInt64 = 0, threads: Int = 1, batchesAhead: Int = 2,
    cacheBytes: Int = 1 << 30,
    maximumUnreadableShare: Double = 0.01, decodeLimits: DecodeLimits = DecodeLimits(), normalization: Normalization = .imageNet
  ) {
    precondition(
      batchSize > 0 && batchesPerStep > 0 && threads > 0 && batchesAhead > 0,
      "\(threads) threads making \(batchesAhead) batches of \(batchSize)")
    self.batchSize = batchSize
    self.batchesPerStep = batchesPerStep
    self.order = order
    self.seed = seed
    self.threads = threads
    self.batchesAhead = batchesAhead
    self.cacheBytes = cacheBytes
    self.maximumUnreadableShare = maximumUnreadableShare
    self.decodeLimits = decodeLimits
    self.normalization = normalization
  }
}
