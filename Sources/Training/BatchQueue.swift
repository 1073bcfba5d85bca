import Dispatch
import Synchronization

/// The batches between the threads that make them and the caller that takes them.
final class BatchQueue: Sendable {
  /// One image to be made: `slot` of the batch at `position`.
  private struct Job {
    let position: BatchPosition
    let slot: Int
    let place: Int
    let order: [Int]
    let storage: PixelStorage
  }

  /// What a caller gets.
  struct Delivery {
    var batch: ImageBatch?
    var newFailures: [String] = []
    var error: LoadingError?
  }

  private struct State {
    /// In order, the next to be delivered first.
    var pending: [PendingBatch] = []
    var next: BatchPosition
    /// The order of the epoch that was planned last.
    var order: (epoch: Int, images: [Int])?
    var running = 0
    var waiter: (@Sendable () -> Void)?
    var unreadable: Set<Int> = []
    var error: LoadingError?
    var isStopped = false
  }

  let reader: ImageReader
  private let plan: BatchPlan
  private let end: Int?
  private let pool: PixelStoragePool
  private let threads = DispatchQueue(label: "hpm.loading", attributes: .concurrent)
  private let state: Mutex<State>

  init(plan: BatchPlan, reader: ImageReader, from start: BatchPosition, untilEpoch end: Int?) {
    self.plan = plan
    self.reader = reader
    self.end = end
    pool = PixelStoragePool(count: plan.batchSize * 3 * reader.transform.size.pixelCount)
    state = Mutex(State(next: start))
  }

  var unreadableCount: Int { state.withLock { $0.unreadable.count } }

  /// No further image is begun.
  func stop() { state.withLock { $0.isStopped = true } }

  /// Brings the number of threads at work to what it may be; those that find nothing to do leave.
  func employThreads() {
    let missing = state.withLock { state in
      defer { state.running = max(state.running, reader.configuration.threads) }
      return max(0, reader.configuration.threads - state.running)
    }
    for _ in 0..<missing { threads.async { self.work() } }
  }

  private func work() {
    while let job = nextJob() {
      let stride = 3 * reader.transform.size.pixelCount
      var outcome: ImageReader.Outcome?
      job.storage.write(job.slot * stride..<(job.slot + 1) * stride) { numbers in
        outcome = reader.fill(&numbers, place: job.place, order: job.order, epoch: job.position.epoch)
      }
      if let outcome { finish(job, outcome) }
    }
  }

  /// The first image not yet begun of the batches that may be in work; with none, the calling thread counts as gone.
  private func nextJob() -> Job? {
    state.withLock { state in
      while !state.isStopped && state.error == nil {
        for index in state.pending.indices {
          guard let slot = state.pending[index].start() else { continue }
          let batch = state.pending[index]
          return Job(
            position: batch.position, slot: slot, place: batch.places.lowerBound + slot, order: batch.order, storage: batch.storage)
        }
        guard planBatch(&state) else { break }
      }
      state.running -= 1
      return nil
    }
  }

  /// Adds the next batch, if there is one and room for it.
  private func planBatch(_ state: inout State) -> Bool {
    let position = state.next
    guard state.pending.count < reader.configuration.batchesAhead, position.epoch < end ?? .max else { return false }
    if state.order?.epoch != position.epoch { state.order = (position.epoch, plan.images(inEpoch: position.epoch)) }
    state.pending.append(
      PendingBatch(
        position: position, order: state.order?.images ?? [], places: plan.places(ofBatch: position.batch), storage: pool.take()))
    state.next = plan.following(position)
    return true
  }

  private func finish(_ job: Job, _ outcome: ImageReader.Outcome) {
    let waiter = state.withLock { state -> (@Sendable () -> Void)? in
      guard let index = state.pending.firstIndex(where: { $0.position == job.position }) else { return nil }
      state.pending[index].finish(job.slot, outcome)
      return isReady(state) ? state.waiter.take() : nil
    }
    waiter?()
  }

  private func isReady(_ state: State) -> Bool {
    if state.error != nil { return true }
    guard let first = state.pending.first else { return state.next.epoch >= end ?? .max }
    return first.isComplete
  }

  /// Calls `body`, on any thread, as soon as ``take()`` has an answer.
  func whenReady(_ body: @escaping @Sendable () -> Void) {
    let waits = state.withLock { state in
      precondition(state.waiter == nil, "two callers wait for the same loader")
      guard !isReady(state) else { return false }
      state.waiter = body
      return true
    }
    if !waits { body() }
  }

  /// Takes the first batch out, which must be ready, and lets the threads begin another.
  func take() -> Delivery {
    let delivery = state.withLock { state in
      guard state.error == nil, !state.pending.isEmpty else { return Delivery(error: state.error) }
      return deliver(state.pending.removeFirst(), &state)
    }
    employThreads()
    return delivery
  }

  /// Failures count when their batch is delivered, so that a run fails at the same batch however many threads work.
  private func deliver(_ pending: PendingBatch, _ state: inout State) -> Delivery {
    precondition(pending.isComplete, "taking \(pending.position) before it is complete")
    var delivery = Delivery()
    let results = pending.results
    for failure in results.flatMap(\.failures) where state.unreadable.insert(failure.index).inserted {
      delivery.newFailures.append(failure.message)
    }
    let indices = results.compactMap(\.index)
    let batch = ImageBatch(
      position: pending.position, indices: indices, labels: indices.map { reader.images.label(of: $0) }, size: reader.transform.size,
      storage: pending.storage, pool: pool)
    guard state.unreadable.count > reader.allowedFailures || batch.count < results.count else {
      delivery.batch = batch
      return delivery
    }
    state.error = .tooManyUnreadable(
      failed: state.unreadable.count, images: plan.imageCount, allowed: reader.allowedFailures,
      last: results.flatMap(\.failures).last?.message ?? "")
    delivery.error = state.error
    return delivery
  }
}
