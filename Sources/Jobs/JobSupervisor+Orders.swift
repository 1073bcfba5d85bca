import Foundation
import GRDB

extension JobSupervisor {
  /// Puts a job into the queue; it is on disk when this returns.
  ///
  /// - Parameters:
  ///   - key: A repeated one gets the first answer, and no second job comes to be.
  ///   - answer: What the client is told of the new job.
  /// - Throws: ``JobError/unknownKind(_:known:)``, ``JobError/wrongConfiguration(_:)``, ``JobError/unknownDataset(_:)``,
  ///   ``JobError/keyReused(_:)``.
  package func submit(
    _ submission: JobSubmission, key: IdempotencyKey?, answer: @escaping @Sendable (Job) -> [UInt8]
  ) async throws(JobError) -> SubmissionAnswer {
    try await ordered { [self] () throws(JobError) in
      if let key, let first = try store.read({ [store] in try store.answer(to: key, in: $0) }) { return first }
      let draft = try draft(submission)
      let made = try store.write { [self] database in
        try store.forgetKeys(olderThan: configuration.keyLifetime, in: database)
        let job = try store.insert(draft, in: database)
        let made = SubmissionAnswer(id: job.id, body: answer(job))
        if let key { try store.keep(made, under: key, in: database) }
        return made
      }
      queue.async { self.look() }
      return made
    }
  }

  private func draft(_ submission: JobSubmission) throws(JobError) -> JobDraft {
    guard let recipe = recipes[submission.kind] else { throw .unknownKind(submission.kind, known: recipes.keys.sorted()) }
    let plan = try recipe.plan(config: submission.config, threads: configuration.threads)
    return JobDraft(
      kind: submission.kind, name: submission.name, dataset: submission.dataset, config: submission.config,
      priority: submission.priority, epochs: plan.epochs)
  }

  /// Ends a job for good; a running one after a checkpoint.
  ///
  /// - Throws: ``JobError/illegal(_:)`` where it has succeeded or failed.
  package func cancel(_ id: String) async throws(JobError) -> Job { try await order(.cancel, id) }

  /// Stops a job after a checkpoint, or keeps it from starting.
  ///
  /// - Throws: ``JobError/illegal(_:)`` where it has ended.
  package func pause(_ id: String) async throws(JobError) -> Job { try await order(.pause, id) }

  private func order(_ order: JobOrder, _ id: String) async throws(JobError) -> Job {
    try await changing(id) { [store] job, database in
      if job.state == order.goal { return job }
      if job.state == .running {
        // A job that is to end cannot be paused any more.
        guard job.requested != .cancel else {
          if order == .cancel { return job }
          throw JobError.illegal("The job \(job.id) is being cancelled; it cannot be paused.")
        }
        return try store.request(order, of: job, in: database)
      }
      guard job.state.successors.contains(order.goal) else {
        throw JobError.illegal("The job \(job.id) has \(job.state.rawValue); it cannot be \(order.goal.rawValue).")
      }
      return try store.move(job, to: order.goal, in: database)
    }
  }

  /// Lets a paused job go on, withdraws an order to pause, or tries a failed job once more; each from its last checkpoint.
  ///
  /// - Throws: ``JobError/illegal(_:)`` where it has succeeded or was cancelled.
  package func resume(_ id: String) async throws(JobError) -> Job {
    try await changing(id) { [store] job, database in
      switch job.state {
      case .queued: return job
      case .running:
        guard job.requested != .cancel else { throw JobError.illegal("The job \(job.id) is being cancelled; it cannot be resumed.") }
        return try store.request(nil, of: job, in: database)
      case .paused, .interrupted, .failed:
        try store.forgive(job, in: database)
        return try store.move(job, to: .queued, in: database)
      case .succeeded, .cancelled:
        throw JobError.illegal("The job \(job.id) has \(job.state == .succeeded ? "succeeded" : "been cancelled"); it cannot be resumed.")
      }
    }
  }

  /// Removes a job that has ended, and its files.
  ///
  /// - Throws: ``JobError/inUse(_:)`` where it has not, or where something else needs its files.
  package func delete(_ id: String) async throws(JobError) {
    try await ordered { [self] () throws(JobError) in
      let job = try store.read { [store] in try store.job(id, in: $0) }
      guard job.state.isFinished else {
        throw .inUse("The job \(job.id) is \(job.state.rawValue); cancel it before it is deleted.")
      }
      guard try !removable([job]).isEmpty else {
        throw .inUse("A model that is served, or a data set, lies in the files of the job \(job.id); remove that before the job.")
      }
      try remove(job)
    }
  }

  /// Removes a job that has ended, and its files. On the queue.
  func remove(_ job: Job) throws(JobError) {
    let folder = home.folder(of: job).path
    do throws(JobError) { try store.write { [store] in try store.delete(job, in: $0) } } catch {
      // Where the database finds no room to forget the job in, its files make some.
      guard case .noRoom = error else { throw error }
      try? FileManager.default.removeItem(atPath: folder)
      try store.write { [store] in try store.delete(job, in: $0) }
    }
    // A folder that stays is removed at the next start.
    try? FileManager.default.removeItem(atPath: folder)
    feed.changed(job.id)
  }

  /// Jobs deleted at one look, so that a look stays short.
  private static let expiredAtOnce = 10

  /// Deletes jobs that ended longer ago than the configuration keeps them.
  func removeExpired() throws(JobError) {
    guard configuration.lifetime > 0 else { return }
    let expired = try store.read { [store, configuration] in try store.expired(after: configuration.lifetime, in: $0) }
    for job in try removable(expired).prefix(Self.expiredAtOnce) { try remove(job) }
  }

  /// Changes a job in one transaction, and looks at once whether anything follows.
  private func changing(_ id: String, _ body: @escaping @Sendable (Job, Database) throws -> Job) async throws(JobError) -> Job {
    try await ordered { [self] () throws(JobError) in
      let job = try store.write { [store] in try body(try store.job(id, in: $0), $0) }
      active[job.number]?.job = job
      feed.changed(job.id)
      queue.async { self.look() }
      return job
    }
  }
}
