import GRDB

extension JobStore {
  /// Appends events of a job.
  func add(_ events: [EventDraft], to job: Int, in database: Database) throws {
    for event in events {
      try database.execute(
        sql: "INSERT INTO event (job, kind, at, data) VALUES (?, ?, ?, ?)", arguments: [job, event.kind.rawValue, now(), event.data])
    }
  }

  /// The events of a job after the one with that number, oldest first.
  func events(of job: Int, after id: Int, limit: Int, in database: Database) throws -> [JobEvent] {
    try JobEvent.fetchAll(
      database, sql: "SELECT * FROM event WHERE job = ? AND id > ? ORDER BY id LIMIT ?", arguments: [job, id, limit])
  }

  /// The names of the checkpoints that followers were told of.
  func announcedCheckpoints(of job: Int, in database: Database) throws -> Set<String> {
    Set(
      try String.fetchAll(
        database, sql: "SELECT json_extract(data, '$.checkpoint') FROM event WHERE job = ? AND kind = ?",
        arguments: [job, JobEvent.Kind.checkpoint.rawValue]))
  }

  /// How much of a run's files followers were told.
  struct Position: Sendable, Hashable {
    /// Lines of metrics.
    var metricsLines = 0
    /// Bytes of the log.
    var logBytes = 0
  }

  func position(of job: Int, in database: Database) throws -> Position {
    guard let row = try Row.fetchOne(database, sql: "SELECT metrics_lines, log_bytes FROM job WHERE number = ?", arguments: [job]) else {
      return Position()
    }
    return Position(metricsLines: row["metrics_lines"], logBytes: row["log_bytes"])
  }

  /// Takes over what a run's files newly say, with the position up to which they were read: both or neither.
  func publish(_ events: [EventDraft], _ progress: JobProgress, _ position: Position, of job: Int, in database: Database) throws {
    try database.execute(
      sql: """
        UPDATE job SET metrics = ?, step = ?, epoch = ?, images_per_second = ?, seconds_left = ?, metrics_lines = ?, log_bytes = ?
        WHERE number = ?
        """,
      arguments: [
        progress.metrics, progress.step, progress.epoch, progress.imagesPerSecond, progress.secondsLeft, position.metricsLines,
        position.logBytes, job,
      ])
    try add(events, to: job, in: database)
  }
}
