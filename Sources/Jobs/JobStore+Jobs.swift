import GRDB

/// A job that is about to be.
struct JobDraft: Sendable {
  let kind: String
  let name: String?
  let dataset: String
  let config: String
  let priority: Int
  let epochs: Int?
}

extension JobStore {
  /// Puts a job into the queue.
  ///
  /// - Throws: ``JobError/unknownDataset(_:)``.
  func insert(_ draft: JobDraft, in database: Database) throws -> Job {
    guard let path = try String.fetchOne(database, sql: "SELECT path FROM dataset WHERE name = ?", arguments: [draft.dataset]) else {
      throw JobError.unknownDataset(draft.dataset)
    }
    try database.execute(
      sql: """
        INSERT INTO job (id, kind, name, dataset, dataset_path, config, priority, state, created_at, epochs)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        Self.freshIdentifier(), draft.kind, draft.name, draft.dataset, path, draft.config, draft.priority, JobState.queued.rawValue, now(),
        draft.epochs,
      ])
    let job = try job(number: Int(database.lastInsertedRowID), in: database)
    try add([.state(job.state, attempt: 0, fault: nil)], to: job.number, in: database)
    return job
  }

  private static func freshIdentifier() -> String {
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return "job-" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  func job(number: Int, in database: Database) throws -> Job {
    guard let job = try Job.fetchOne(database, sql: "SELECT * FROM job WHERE number = ?", arguments: [number]) else {
      throw JobError.unknownJob("number \(number)")
    }
    return job
  }

  /// - Throws: ``JobError/unknownJob(_:)``.
  func job(_ id: String, in database: Database) throws -> Job {
    guard let job = try Job.fetchOne(database, sql: "SELECT * FROM job WHERE id = ?", arguments: [id]) else {
      throw JobError.unknownJob(id)
    }
    return job
  }

  /// Takes the job to another state, with an event that says so; the order it had is obeyed or void.
  ///
  /// - Precondition: ``JobState/successors``; the database refuses any other step.
  @discardableResult
  func move(_ job: Job, to state: JobState, fault: JobFault? = nil, notBefore: Double = 0, in database: Database) throws -> Job {
    try database.execute(
      sql: """
        UPDATE job SET state = ?, requested = NULL, fault_code = ?, fault_reason = ?, not_before = ?, seconds_left = NULL,
          ended_at = CASE WHEN ? THEN ? END
        WHERE number = ?
        """,
      arguments: [state.rawValue, fault?.code.rawValue, fault?.reason, notBefore, state.isFinished, now(), job.number])
    try add([.state(state, attempt: job.attempt, fault: fault)], to: job.number, in: database)
    return try self.job(number: job.number, in: database)
  }

  /// Notes an order for a running job.
  func request(_ order: JobOrder?, of job: Job, in database: Database) throws -> Job {
    try database.execute(sql: "UPDATE job SET requested = ? WHERE number = ?", arguments: [order?.rawValue, job.number])
    return try self.job(number: job.number, in: database)
  }

  /// Jobs, newest first, one more than the limit where there are more.
  ///
  /// - Throws: ``JobError/unknownJob(_:)`` where the cursor is no job's.
  func jobs(_ filter: JobFilter, in database: Database) throws -> [Job] {
    let last = try filter.after.map { try job($0, in: database).number }
    return try Job.fetchAll(
      database,
      sql: """
        SELECT * FROM job WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR number < ?3)
        ORDER BY number DESC LIMIT ?4
        """,
      arguments: [filter.state?.rawValue, filter.kind, last, filter.limit + 1])
  }

  func jobs(in state: JobState, _ database: Database) throws -> [Job] {
    try Job.fetchAll(database, sql: "SELECT * FROM job WHERE state = ? ORDER BY number", arguments: [state.rawValue])
  }

  /// The job whose turn it is: of those that may start by now the one of the highest priority, then the oldest.
  func next(in database: Database) throws -> Job? {
    try Job.fetchOne(
      database, sql: "SELECT * FROM job WHERE state = ? AND not_before <= ? ORDER BY priority DESC, number LIMIT 1",
      arguments: [JobState.queued.rawValue, now()])
  }

  /// How many jobs are in each state that any is in.
  func counts(in database: Database) throws -> [JobState: Int] {
    let rows = try Row.fetchAll(database, sql: "SELECT state, COUNT(*) AS count FROM job GROUP BY state")
    return Dictionary(uniqueKeysWithValues: rows.compactMap { row in JobState(rawValue: row["state"]).map { ($0, row["count"]) } })
  }

  /// Jobs that ended more than `lifetime` seconds ago, oldest first.
  func expired(after lifetime: Double, in database: Database) throws -> [Job] {
    try Job.fetchAll(database, sql: "SELECT * FROM job WHERE ended_at < ? ORDER BY ended_at", arguments: [now() - lifetime])
  }

  /// Jobs that have ended, those that ended first before the others.
  func ended(in database: Database) throws -> [Job] {
    try Job.fetchAll(database, sql: "SELECT * FROM job WHERE state IN ('succeeded', 'failed', 'cancelled') ORDER BY ended_at, number")
  }

  /// Notes that a queued job has to wait, and why; followers are told when it begins to.
  func wait(_ job: Job, for fault: JobFault, until time: Double, in database: Database) throws {
    try database.execute(
      sql: "UPDATE job SET fault_code = ?, fault_reason = ?, not_before = ? WHERE number = ?",
      arguments: [fault.code.rawValue, fault.reason, time, job.number])
    if job.fault?.code != fault.code { try add([.state(job.state, attempt: job.attempt, fault: fault)], to: job.number, in: database) }
  }

  func delete(_ job: Job, in database: Database) throws {
    try database.execute(sql: "DELETE FROM job WHERE number = ?", arguments: [job.number])
  }
}
