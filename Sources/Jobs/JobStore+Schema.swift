import GRDB

extension JobStore {
  /// The migrations in their order; one that has been released is never changed, only followed by another.
  static let migrations: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("jobs") { database in
      try database.execute(sql: jobTable)
      try database.execute(sql: transitionTrigger)
      try database.execute(sql: attemptTable)
      try database.execute(sql: eventTable)
      try database.execute(sql: keyTable)
      try database.execute(sql: datasetTable)
    }
    migrator.registerMigration("thumbnails and duplicates of data sets") { database in
      try database.execute(sql: "ALTER TABLE dataset ADD COLUMN duplicates INTEGER NOT NULL DEFAULT 0")
      try database.execute(sql: thumbnailsTable)
    }
    return migrator
  }()

  private static let jobTable = """
    CREATE TABLE job (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      name TEXT,
      dataset TEXT NOT NULL,
      dataset_path TEXT NOT NULL,
      config TEXT NOT NULL,
      priority INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'paused', 'interrupted', 'succeeded', 'failed', 'cancelled')),
      requested TEXT CHECK (requested IN ('cancel', 'pause')),
      created_at REAL NOT NULL,
      started_at REAL,
      ended_at REAL,
      attempt INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0,
      not_before REAL NOT NULL DEFAULT 0,
      fault_code TEXT,
      fault_reason TEXT,
      metrics TEXT,
      step INTEGER NOT NULL DEFAULT 0,
      epoch REAL NOT NULL DEFAULT 0,
      epochs INTEGER,
      images_per_second REAL,
      seconds_left REAL,
      metrics_lines INTEGER NOT NULL DEFAULT 0,
      log_bytes INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX job_by_state ON job (state, priority, number);
    CREATE INDEX job_by_end ON job (ended_at);
    """

  /// The transitions of ``JobState``; a test walks all pairs through both.
  private static let transitionTrigger = """
    CREATE TRIGGER job_transition BEFORE UPDATE OF state ON job
    WHEN OLD.state <> NEW.state AND OLD.state || ' ' || NEW.state NOT IN (
      'queued running', 'queued paused', 'queued cancelled',
      'running succeeded', 'running failed', 'running cancelled', 'running paused', 'running interrupted',
      'paused queued', 'paused cancelled',
      'interrupted queued', 'interrupted paused', 'interrupted cancelled',
      'failed queued')
    BEGIN SELECT RAISE(ABORT, 'illegal transition of a job'); END;
    """

  private static let attemptTable = """
    CREATE TABLE attempt (
      job INTEGER NOT NULL REFERENCES job (number) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      token TEXT NOT NULL,
      pid INTEGER,
      start_ticks INTEGER,
      boot_id TEXT,
      started_at REAL NOT NULL,
      stop_sent_at REAL,
      ended_at REAL,
      ending TEXT,
      PRIMARY KEY (job, number)
    );
    """

  private static let eventTable = """
    CREATE TABLE event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      job INTEGER NOT NULL REFERENCES job (number) ON DELETE CASCADE,
      kind TEXT NOT NULL CHECK (kind IN ('state', 'progress', 'metrics', 'log', 'checkpoint')),
      at REAL NOT NULL,
      data TEXT NOT NULL
    );
    CREATE INDEX event_by_job ON event (job, id);
    """

  private static let keyTable = """
    CREATE TABLE idempotency_key (
      key TEXT PRIMARY KEY,
      request TEXT NOT NULL,
      job_id TEXT NOT NULL,
      answer BLOB NOT NULL,
      created_at REAL NOT NULL
    );
    CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);
    """

  private static let datasetTable = """
    CREATE TABLE dataset (
      name TEXT PRIMARY KEY,
      origin TEXT NOT NULL CHECK (origin IN ('upload', 'path')),
      path TEXT NOT NULL,
      images INTEGER NOT NULL,
      classes INTEGER NOT NULL,
      passed_over INTEGER NOT NULL,
      bytes INTEGER,
      created_at REAL NOT NULL
    );
    """

  private static let thumbnailsTable = """
    CREATE TABLE dataset_thumbnails (
      dataset TEXT PRIMARY KEY REFERENCES dataset (name) ON DELETE CASCADE,
      png BLOB NOT NULL
    );
    """
}
