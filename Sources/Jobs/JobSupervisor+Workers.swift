import Foundation
import GRDB

extension JobSupervisor {
  /// Starts jobs while there is room for them.
  func startDueJobs() throws(JobError) {
    while !isLeaving, active.count < configuration.maximumRunning {
      guard let due = try store.read({ [store] in try store.next(in: $0) }) else { return }
      guard try hasRoom(due) else { return }
      let folder = home.folder(of: due)
      try prepare(folder)
      let (job, attempt) = try store.write { [store] in try store.begin(due, token: UUID().uuidString, in: $0) }
      feed.changed(job.id)
      do throws(JobError) { try launch(job, attempt, folder) } catch {
        try settle(job, attempt, Self.ending(error), .none)
      }
    }
  }

  /// Whether the home has room for a job's run; one that finds none waits, and is asked about again later.
  private func hasRoom(_ job: Job) throws(JobError) -> Bool {
    do throws(JobError) {
      try requireRoom(for: 0)
      return true
    } catch {
      guard case .noRoom(let reason) = error else { throw error }
      try store.write { [self] in
        try store.wait(job, for: JobFault(.noRoom, reason), until: store.now() + configuration.roomInterval, in: $0)
      }
      feed.changed(job.id)
      return false
    }
  }

  /// What an earlier attempt said of its end would be read as this one's.
  private func prepare(_ folder: JobFolder) throws(JobError) {
    try JobHome.makeFolder(folder.path)
    guard unlink(folder.result) == 0 || errno == ENOENT else { throw .home(folder.result, cannot: "remove the file", number: errno) }
  }

  private func launch(_ job: Job, _ attempt: Attempt, _ folder: JobFolder) throws(JobError) {
    guard let recipe = recipes[job.kind] else { throw .unknownKind(job.kind, known: recipes.keys.sorted()) }
    let (kills, follower) = (OutOfMemoryCount.now, try self.follower(of: job))
    let worker = try Worker.start(
      try recipe.command(for: job, in: folder, threads: configuration.threads), token: attempt.token, in: folder, configuration,
      ended: notice(job, attempt))
    active[job.number] = Active(
      job: job, attempt: attempt, worker: worker, follower: follower, stepAtStart: job.progress.step, outOfMemoryKills: kills)
    // Where this cannot be noted the worker is found by its token.
    guard let process = worker.process else { return }
    self.attempt { () throws(JobError) in try store.write { [store] in try store.note(process, of: attempt, in: $0) } }
  }

  /// What the end of a worker sets off.
  func notice(_ job: Job, _ attempt: Attempt) -> @Sendable (Worker.Exit) -> Void {
    { [weak self] exit in
      guard let self else { return }
      queue.async { self.ended(job.number, attempt.number, exit) }
    }
  }

  func follower(of job: Job) throws(JobError) -> RunFollower {
    let (position, checkpoints) = try store.read { [store] database in
      (try store.position(of: job.number, in: database), try store.announcedCheckpoints(of: job.number, in: database))
    }
    return RunFollower(home.folder(of: job), progress: job.progress, position: position, checkpoints: checkpoints)
  }

  /// Publishes what a worker wrote since the last look.
  func follow(_ number: Int) throws(JobError) {
    guard let job = active[number]?.job, var follower = active[number]?.follower else { return }
    if try publish(&follower, of: job) { active[number]?.follower = follower }
  }

  /// Whether there was anything new. Where the database refuses, the follower is not taken over and reads it again.
  @discardableResult
  func publish(_ follower: inout RunFollower, of job: Job) throws(JobError) -> Bool {
    let news = follower.news(at: store.now())
    guard !news.isEmpty else { return false }
    let (progress, position) = (follower.progress, follower.position)
    try store.write { [store] in try store.publish(news, progress, position, of: job.number, in: $0) }
    feed.changed(job.id)
    return true
  }

  /// Passes orders on to workers, and kills those that do not end in time.
  func passOrders() throws(JobError) {
    for (number, one) in active {
      if let sent = one.attempt.stopSentAt {
        if store.now() - sent > configuration.stopGrace { one.worker.kill() }
      } else if one.job.requested != nil || isLeaving {
        active[number]?.attempt = try store.write { [store] database in
          try store.noteStop(of: one.attempt, in: database)
          return try store.attempt(of: one.job, in: database)
        }
        one.worker.askToStop()
      }
    }
  }

  private func ended(_ number: Int, _ attempt: Int, _ exit: Worker.Exit) {
    guard active[number]?.attempt.number == attempt else { return }
    active[number]?.exit = exit
    look()
  }

  /// Takes a job whose worker is gone to what comes of it; where the database refuses, the next look tries again.
  func conclude(_ number: Int) throws(JobError) {
    guard let one = active[number], let exit = one.exit else { return }
    var follower = one.follower
    while try publish(&follower, of: one.job) { active[number]?.follower = follower }
    home.folder(of: one.job).removePartialFiles()
    let ending = WorkerEnding(
      WorkerEnding.Evidence(
        exit: exit, folder: home.folder(of: one.job), wasAskedToStop: one.attempt.stopSentAt != nil,
        outOfMemoryKills: OutOfMemoryCount.now - one.outOfMemoryKills))
    try settle(one.job, one.attempt, ending, Headway(from: one.stepAtStart, to: follower.progress.step))
    active[number] = nil
  }

  /// A worker that could not even be started.
  private static func ending(_ error: JobError) -> WorkerEnding {
    switch error {
    case .wrongConfiguration, .unknownKind: .failed(JobFault(.failed, error.description))
    case .noRoom: .stopped(JobFault(.noRoom, error.description))
    default: .stopped(JobFault(.notStarted, error.description))
    }
  }
}
