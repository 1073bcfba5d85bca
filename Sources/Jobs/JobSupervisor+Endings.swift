import Foundation
import GRDB

extension JobSupervisor {
  /// Takes a job from `running` to the state that its attempt's end leads to.
  func settle(_ job: Job, _ attempt: Attempt, _ ending: WorkerEnding, _ headway: Headway) throws(JobError) {
    let isLeaving = isLeaving
    try store.write { [self] database in
      let current = try store.job(number: job.number, in: database)
      let earlier = headway == .further ? 0 : current.failures
      let failures = earlier + (ending.fault?.countsAgainstJob == true ? 1 : 0)
      try store.end(attempt, ending, failures: failures, in: database)
      switch ending {
      case .succeeded: try store.move(current, to: .succeeded, in: database)
      case .failed(let fault):
        let isCancelled = current.requested == .cancel
        try store.move(current, to: isCancelled ? .cancelled : .failed, fault: isCancelled ? nil : fault, in: database)
      case .stopped(let fault):
        if let order = current.requested {
          try store.move(current, to: order.goal, in: database)
        } else if failures >= configuration.maximumAttempts {
          try store.move(current, to: .failed, fault: givenUp(fault, failures), in: database)
        } else {
          let interrupted = try store.move(current, to: .interrupted, fault: fault, in: database)
          if !isLeaving {
            try store.move(
              interrupted, to: .queued, fault: fault.code == .noRoom ? fault : nil,
              notBefore: store.now() + delay(failures, headway, fault), in: database)
          }
        }
      }
    }
    feed.changed(job.id)
  }

  private func givenUp(_ fault: JobFault, _ failures: Int) -> JobFault {
    JobFault(fault.code, "\(fault.reason) It was attempted \(failures) times without getting any further.")
  }

  /// Seconds until the next attempt after so many failures in a row that got no further.
  private func delay(_ failures: Int, _ headway: Headway, _ fault: JobFault) -> Double {
    if fault.code == .noRoom { return configuration.roomInterval }
    guard failures > 0, headway == .none else { return 0 }
    return min(configuration.greatestBackOff, configuration.backOff * pow(2, Double(failures - 1)))
  }

  /// What an earlier server left: its living workers are taken over, the ends of the others are settled, its interrupted jobs are queued,
  /// and folders without a job are removed.
  func recover() throws(JobError) {
    try takeOverRunning()
    for job in try store.read({ [store] in try store.jobs(in: .interrupted, $0) }) {
      _ = try store.write { [store] in try store.move(job, to: .queued, in: $0) }
    }
    try removeStrayFolders()
    try removePartialFiles()
  }

  /// What workers that were killed were just writing; those that live go on.
  private func removePartialFiles() throws(JobError) {
    let living = Set(active.values.map(\.job.id))
    for name in SmallFile.names(in: "\(home.path)/jobs") where !living.contains(name) {
      JobFolder(path: "\(home.path)/jobs/\(name)").removePartialFiles()
    }
  }

  /// Takes over every job that runs according to the database alone: what an earlier server left, and what was begun while the database had
  /// no room left to note that its worker could not be started.
  func takeOverRunning() throws(JobError) {
    for job in try store.read({ [store] in try store.jobs(in: .running, $0) }) where active[job.number] == nil { try takeOver(job) }
  }

  private func takeOver(_ job: Job) throws(JobError) {
    let attempt = try store.read { [store] in try store.attempt(of: job, in: $0) }
    let folder = home.folder(of: job)
    try JobHome.makeFolder(folder.path)
    var follower = try follower(of: job)
    guard let worker = try Worker.adopt(attempt, in: folder, ended: notice(job, attempt)) else {
      while try publish(&follower, of: job) {}
      let evidence = WorkerEnding.Evidence(
        exit: .unknown, folder: folder, wasAskedToStop: attempt.stopSentAt != nil, outOfMemoryKills: 0)
      return try settle(job, attempt, WorkerEnding(evidence), Headway(from: job.progress.step, to: follower.progress.step))
    }
    active[job.number] = Active(
      job: job, attempt: attempt, worker: worker, follower: follower, stepAtStart: job.progress.step,
      outOfMemoryKills: OutOfMemoryCount.now)
  }

  /// What was being made or deleted when a server ended.
  private func removeStrayFolders() throws(JobError) {
    let (jobs, datasets) = try store.read { database in
      (
        Set(try String.fetchAll(database, sql: "SELECT id FROM job")),
        Set(try String.fetchAll(database, sql: "SELECT path FROM dataset WHERE origin = 'upload'"))
      )
    }
    for name in SmallFile.names(in: "\(home.path)/jobs") where !jobs.contains(name) {
      try? FileManager.default.removeItem(atPath: "\(home.path)/jobs/\(name)")
    }
    for name in SmallFile.names(in: home.datasets) where !datasets.contains("\(home.datasets)/\(name)") {
      try? FileManager.default.removeItem(atPath: "\(home.datasets)/\(name)")
    }
  }
}
