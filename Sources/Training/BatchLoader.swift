import Dispatch
import Synchronization

/// Batches of augmented images, made ahead on threads of its own and handed out in order.
///
/// Equal images, seed and position give equal batches, whatever the number of threads. Memory is bounded by `batchesAhead` + 1 batches, the
/// cache, and one decoded image a thread. One caller at a time asks for batches. The work stops when the loader is gone.
package final class BatchLoader: Sendable {
  package let plan: BatchPlan
  private let queue: BatchQueue
  private let report: @Sendable (String) -> Void
  private let waited = Mutex(Duration.zero)

  /// Begins to load.
  ///
  /// - Parameter start: the first batch wanted.
  /// - Parameter end: the first epoch no longer wanted; `nil` goes on for ever.
  /// - Parameter report: told, as a sentence, of each image that cannot be read, once.
  package init(
    _ images: ImageSet, transform: any ImageTransform, configuration: LoaderConfiguration,
    from start: BatchPosition = BatchPosition(epoch: 0, batch: 0), untilEpoch end: Int? = nil,
    report: @escaping @Sendable (String) -> Void
  ) throws(LoadingError) {
    plan = try BatchPlan(
      imageCount: images.count, batchSize: configuration.batchSize, batchesPerStep: configuration.batchesPerStep,
      order: configuration.order, seed: configuration.seed)
    self.report = report
    queue = BatchQueue(
      plan: plan, reader: ImageReader(images: images, transform: transform, configuration: configuration),
      from: try plan.start(at: start), untilEpoch: end)
    queue.employThreads()
  }

  deinit { queue.stop() }

  package var batchesPerEpoch: Int { plan.batchesPerEpoch }

  /// How long callers have waited for batches so far.
  package var timeWaited: Duration { waited.withLock { $0 } }

  /// Bytes of decoded images kept.
  package var cachedBytes: Int { queue.reader.cache.byteCount }

  /// How many different images could not be read so far.
  package var unreadableCount: Int { queue.unreadableCount }

  /// The next batch; `nil` after the last. Throws when more images than allowed could not be read, and then again at every call.
  package func next() async throws(LoadingError) -> ImageBatch? {
    let start = ContinuousClock.now
    await withCheckedContinuation { continuation in queue.whenReady { continuation.resume() } }
    return try take(since: start)
  }

  /// The same, for callers that may hold their thread: not for Swift's cooperative pool.
  package func waitForNext() throws(LoadingError) -> ImageBatch? {
    let start = ContinuousClock.now
    let ready = DispatchSemaphore(value: 0)
    queue.whenReady { ready.signal() }
    ready.wait()
    return try take(since: start)
  }

  private func take(since start: ContinuousClock.Instant) throws(LoadingError) -> ImageBatch? {
    waited.withLock { $0 += ContinuousClock.now - start }
    let delivery = queue.take()
    for message in delivery.newFailures { report("An image is left out and another taken for it: \(message)") }
    if let error = delivery.error { throw error }
    return delivery.batch
  }
}
