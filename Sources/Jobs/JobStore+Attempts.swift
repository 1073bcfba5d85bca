import GRDB

/// One start of a worker for a job.
struct Attempt: Sendable, Hashable {
  /// The job's.
  let job: Int
  /// From 1.
  let number: Int
  /// What its worker's environment carries, so that it is found even where the server ended before it noted the process.
  let token: String
  let process: ProcessIdentity?
  /// When the worker was asked to stop, in seconds since 1970.
  let stopSentAt: Double?
}

/// Whether an attempt got further than all before it.
enum Headway: Sendable, Hashable {
  case none
  case further

  /// - Parameters:
  ///   - start: The furthest step of the attempts before.
  ///   - end: The furthest step now.
  init(from start: Int, to end: Int) { self = end > start ? .further : .none }
}

extension Attempt: FetchableRecord {
  init(row: Row) throws {
    job = row["job"]
    number = row["number"]
    token = row["token"]
    stopSentAt = row["stop_sent_at"]
    if let pid: Int32 = row["pid"], let ticks: Int = row["start_ticks"], let boot: String = row["boot_id"] {
      process = ProcessIdentity(pid: pid, startTicks: ticks, bootIdentifier: boot)
    } else {
      process = nil
    }
  }
}

extension JobStore {
  /// Takes a queued job to `running`, as its next attempt.
  func begin(_ job: Job, token: String, in database: Database) throws -> (job: Job, attempt: Attempt) {
    let number = job.attempt + 1
    try database.execute(
      sql: "UPDATE job SET attempt = ?, started_at = COALESCE(started_at, ?) WHERE number = ?", arguments: [number, now(), job.number])
    try database.execute(
      sql: "INSERT INTO attempt (job, number, token, started_at) VALUES (?, ?, ?, ?)", arguments: [job.number, number, token, now()])
    let running = try move(try self.job(number: job.number, in: database), to: .running, in: database)
    return (running, try attempt(of: running, in: database))
  }

  /// The newest attempt of a job.
  func attempt(of job: Job, in database: Database) throws -> Attempt {
    let attempt = try Attempt.fetchOne(
      database, sql: "SELECT * FROM attempt WHERE job = ? AND number = ?", arguments: [job.number, job.attempt])
    guard let attempt else { throw JobError.illegal("The job \(job.id) has not been started yet.") }
    return attempt
  }

  /// Forgets a job's failures, so that it is attempted as often again.
  func forgive(_ job: Job, in database: Database) throws {
    try database.execute(sql: "UPDATE job SET failures = 0 WHERE number = ?", arguments: [job.number])
  }

  func note(_ process: ProcessIdentity, of attempt: Attempt, in database: Database) throws {
    try database.execute(
      sql: "UPDATE attempt SET pid = ?, start_ticks = ?, boot_id = ? WHERE job = ? AND number = ?",
      arguments: [process.pid, process.startTicks, process.bootIdentifier, attempt.job, attempt.number])
  }

  /// Notes that the attempt's worker is being asked to stop.
  func noteStop(of attempt: Attempt, in database: Database) throws {
    try database.execute(
      sql: "UPDATE attempt SET stop_sent_at = ? WHERE job = ? AND number = ?", arguments: [now(), attempt.job, attempt.number])
  }

  /// Notes how the attempt ended, and the failures in a row that the job now has.
  func end(_ attempt: Attempt, _ ending: WorkerEnding, failures: Int, in database: Database) throws {
    try database.execute(
      sql: "UPDATE attempt SET ended_at = ?, ending = ? WHERE job = ? AND number = ?",
      arguments: [now(), ending.description, attempt.job, attempt.number])
    try database.execute(sql: "UPDATE job SET failures = ? WHERE number = ?", arguments: [failures, attempt.job])
  }
}
