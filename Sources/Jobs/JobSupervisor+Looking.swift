import Synchronization

extension JobSupervisor {
  /// - Throws: ``JobError/unknownJob(_:)``.
  package func job(_ id: String) async throws(JobError) -> Job {
    try await reading { [store] () throws(JobError) in try store.read { try store.job(id, in: $0) } }
  }

  /// Jobs, newest first, one more than the filter's limit where there are more.
  package func jobs(_ filter: JobFilter) async throws(JobError) -> [Job] {
    try await reading { [store] () throws(JobError) in try store.read { try store.jobs(filter, in: $0) } }
  }

  /// How many jobs are in each state, at the last look.
  package var counts: [(state: JobState, count: Int)] {
    let counts = latestCounts.withLock { $0 }
    return JobState.allCases.map { ($0, counts[$0] ?? 0) }
  }

  /// A job, and its events after the one with that number, oldest first; both of one moment.
  package func events(of id: String, after event: Int, limit: Int) async throws(JobError) -> (job: Job, events: [JobEvent]) {
    try await reading { [store] () throws(JobError) in
      try store.read { database in
        let job = try store.job(id, in: database)
        return (job, try store.events(of: job.number, after: event, limit: limit, in: database))
      }
    }
  }

  /// The files of a job.
  ///
  /// - Throws: ``JobError/unknownJob(_:)``.
  package func folder(of id: String) async throws(JobError) -> JobFolder {
    let job = try await job(id)
    return home.folder(of: job)
  }
}
