import Dispatch
import Synchronization

/// A loaded model with the queue before it: the shell of ``AdmissionQueue``.
///
/// Requests are admitted, then await what they ask; passes are put together whenever the compute thread comes free. A request whose task is
/// cancelled, because its deadline passed or its client left, is dropped before it is computed.
package final class ServedModel: Sendable {
  fileprivate struct Pending {
    let pixels: PixelBatch
    let askedAt: Double
    var values: [Float] = []
    var imagesDone = 0
    var computeSeconds = 0.0
    var outcome: Result<Finding, any Error>?
    var continuation: CheckedContinuation<Finding, any Error>?
  }

  private struct State {
    var queue: AdmissionQueue
    var pending: [AdmissionQueue.Work: Pending] = [:]
    var isComputing = false
    var statistics = ModelStatistics()
    var hasLeft = false
  }

  package let engine: any InferenceEngine
  private let turns: Turns
  private let metrics: ServiceMetrics?
  private let now: @Sendable () -> Double
  private let state: Mutex<State>

  /// A model that admits what `limits` allow and computes in `turns` with the other models of the process.
  ///
  /// - Parameter now: A clock in seconds that never goes back.
  package init(
    _ engine: any InferenceEngine, limits: QueueLimits, turns: Turns, metrics: ServiceMetrics? = nil,
    now: @escaping @Sendable () -> Double = MonotonicTime.seconds
  ) {
    self.engine = engine
    self.turns = turns
    self.metrics = metrics
    self.now = now
    state = Mutex(State(queue: AdmissionQueue(limits)))
  }

  package var description: ModelDescription { engine.description }

  /// Images that wait or are computed, and how many may.
  package var load: (images: Int, limit: Int) { state.withLock { ($0.queue.imageCount, $0.queue.limits.images) } }

  /// What was asked of the model since it was loaded.
  var statistics: ModelStatistics { state.withLock { $0.statistics } }

  /// Refuses a request whose images would not be admitted anyway, before its body is read.
  func refuseIfFull(client: String) throws(Problem) {
    let refusal = state.withLock { $0.queue.refusal(1, of: client, deadline: deadline, now: now()) }
    if let refusal { throw problem(refusal) }
  }

  /// Admits a request of `images` images, before they are decoded.
  func admit(_ images: Int, of client: String) throws(Problem) -> Admission {
    let result = state.withLock { state in
      Result { () throws(AdmissionQueue.Refusal) in try state.queue.admit(images, of: client, deadline: deadline, now: now()) }
    }
    switch result {
    case .success(let ticket):
      noteQueue()
      return Admission(ticket, of: self)
    case .failure(let refusal): throw problem(refusal)
    }
  }

  /// Seconds until what waits now is computed.
  var expectedWait: Double { state.withLock { $0.queue.seconds(for: $0.queue.imageCount) } }

  /// Asks about `pixels` and waits for the answer.
  ///
  /// - Throws: `CancellationError` where the task was cancelled meanwhile, else what the engine throws.
  func find(_ matter: Question.Matter, _ pixels: PixelBatch, under admission: Admission) async throws -> Finding {
    let question = Question(matter: matter, height: pixels.height, width: pixels.width)
    let (bound, now) = (engine.bound(question), now())
    let (work, starts) = state.withLock { state in
      let work = state.queue.ask(question, images: pixels.count, bound: bound, for: admission.ticket)
      state.pending[work] = Pending(pixels: pixels, askedAt: now)
      defer { state.isComputing = true }
      return (work, !state.isComputing)
    }
    if starts { Task.detached { await self.compute() } }
    return try await withTaskCancellationHandler {
      try await answer(to: work)
    } onCancel: {
      abandon(work)
    }
  }

  /// Notes that a request was answered, and where its time went.
  func record(_ timing: ServerTiming) { state.withLock { $0.statistics.recordSuccess(timing) } }

  /// Does `work` for a request; a refusal or a failure counts in the statistics.
  func counting<Answer>(_ work: (ServedModel) async throws(Problem) -> Answer) async throws(Problem) -> Answer {
    let begun = now()
    do {
      return try await work(self)
    } catch {
      let seconds = now() - begun
      state.withLock { $0.statistics.recordFailure(after: seconds) }
      throw error
    }
  }

  func release(_ ticket: AdmissionQueue.Ticket) {
    state.withLock { $0.queue.release(ticket) }
    noteQueue()
  }

  /// The model serves from now: the metrics tell of its queue.
  func enter() { noteQueue() }

  /// The model is out of service: its queue is no longer told of, though what it has admitted is answered.
  func leave() {
    state.withLock { $0.hasLeft = true }
    metrics?.forgetQueue(of: description.name)
  }

  private func noteQueue() {
    let (images, limit, hasLeft) = state.withLock { ($0.queue.imageCount, $0.queue.limits.images, $0.hasLeft) }
    guard !hasLeft else { return }
    metrics?.queued(images: images, limit: limit, model: description.name)
  }

  private var deadline: Double { Deadline.current ?? .infinity }

  private func problem(_ refusal: AdmissionQueue.Refusal) -> Problem {
    Problem(refusal, model: description.name, state.withLock { $0.queue.limits })
  }
}

extension ServedModel {
  private func answer(to work: AdmissionQueue.Work) async throws -> Finding {
    try await withCheckedThrowingContinuation { continuation in
      let outcome = state.withLock { state -> Result<Finding, any Error>? in
        guard let outcome = state.pending[work]?.outcome else {
          state.pending[work]?.continuation = continuation
          return nil
        }
        state.pending[work] = nil
        return outcome
      }
      if let outcome { continuation.resume(with: outcome) }
    }
  }

  private func abandon(_ work: AdmissionQueue.Work) {
    let continuation = state.withLock { state in
      state.queue.withdraw(work)
      return Self.end(work, .failure(CancellationError()), in: &state)
    }
    continuation?.resume(throwing: CancellationError())
  }

  /// Ends a question; its continuation, where it has one already, is the caller's to resume.
  private static func end(
    _ work: AdmissionQueue.Work, _ outcome: Result<Finding, any Error>, in state: inout State
  ) -> CheckedContinuation<Finding, any Error>? {
    guard let pending = state.pending[work], pending.outcome == nil else { return nil }
    if pending.continuation == nil {
      state.pending[work]?.outcome = outcome
    } else {
      state.pending[work] = nil
    }
    return pending.continuation
  }

  /// Computes pass after pass until nothing waits.
  private func compute() async {
    while true {
      await turns.take()
      guard let (pass, pixels) = nextPass() else { return turns.give() }
      let result: Result<Finding, any Error>
      do {
        result = .success(try await engine.find(pass.question, PixelBatch(pixels)))
      } catch { result = .failure(error) }
      turns.give()
      finish(pass, result)
    }
  }

  private func nextPass() -> (AdmissionQueue.Pass, [PixelBatch])? {
    state.withLock { state in
      guard let pass = state.queue.nextPass(now: now()) else {
        state.isComputing = false
        return nil
      }
      return (pass, pass.parts.compactMap { state.pending[$0.work]?.pixels.images($0.images) })
    }
  }

  private func finish(_ pass: AdmissionQueue.Pass, _ result: Result<Finding, any Error>) {
    let now = now()
    let answers = state.withLock { state in
      state.queue.finished(pass, now: now)
      if case .success(let finding) = result { state.statistics.recordPass(images: pass.imageCount, finding.times) }
      return Self.distribute(result, over: pass, now: now, in: &state)
    }
    for (continuation, outcome) in answers { continuation.resume(with: outcome) }
    metrics?.computed(images: pass.imageCount, model: description.name)
    noteQueue()
  }

  private typealias Answers = [(CheckedContinuation<Finding, any Error>, Result<Finding, any Error>)]

  /// Gives every question of a pass its part of the numbers; those that have all are ended.
  private static func distribute(
    _ result: Result<Finding, any Error>, over pass: AdmissionQueue.Pass, now: Double, in state: inout State
  ) -> Answers {
    var answers: Answers = []
    var first = 0
    for part in pass.parts {
      let images = first..<first + part.images.count
      first = images.upperBound
      let outcome: Result<Finding, any Error>
      switch result {
      case .failure(let error):
        state.queue.withdraw(part.work)
        outcome = .failure(error)
      case .success(let finding):
        guard let whole = state.pending[part.work]?.add(finding, images, of: pass.imageCount, now: now) else { continue }
        outcome = .success(whole)
      }
      if let continuation = end(part.work, outcome, in: &state) { answers.append((continuation, outcome)) }
    }
    return answers
  }
}

extension ServedModel.Pending {
  /// Takes the numbers of its images out of a pass of `count`; the whole answer once all its images have theirs.
  fileprivate mutating func add(_ finding: Finding, _ images: Range<Int>, of count: Int, now: Double) -> Finding? {
    computeSeconds += finding.times.compute
    imagesDone += images.count
    var content = finding.content
    if case .values(let all) = finding.content {
      let length = all.count / count
      values += all[images.lowerBound * length..<images.upperBound * length]
      content = .values(values)
    }
    guard imagesDone == pixels.count else { return nil }
    return Finding(content: content, times: StageTimes(queue: max(0, now - askedAt - computeSeconds), compute: computeSeconds))
  }
}
