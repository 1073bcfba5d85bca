import GRDB

extension JobStore {
  func dataset(_ name: String, in database: Database) throws -> Dataset? {
    try Dataset.fetchOne(database, sql: "SELECT * FROM dataset WHERE name = ?", arguments: [name])
  }

  /// Data sets by name, those after `name`, one more than the limit where there are more.
  func datasets(after name: String, limit: Int, in database: Database) throws -> [Dataset] {
    try Dataset.fetchAll(database, sql: "SELECT * FROM dataset WHERE name > ? ORDER BY name LIMIT ?", arguments: [name, limit + 1])
  }

  /// Puts a data set in the place of one of the same name.
  func replace(_ dataset: Dataset, in database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO dataset (name, origin, path, images, classes, passed_over, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET origin = excluded.origin, path = excluded.path, images = excluded.images,
          classes = excluded.classes, passed_over = excluded.passed_over, bytes = excluded.bytes, created_at = excluded.created_at
        """,
      arguments: [
        dataset.name, dataset.origin.rawValue, dataset.path, dataset.count.images, dataset.count.classes, dataset.count.passedOver,
        dataset.bytes, dataset.createdAt,
      ])
  }

  /// - Throws: ``JobError/inUse(_:)`` where a job that has not ended needs the data set.
  func requireUnused(_ dataset: Dataset, in database: Database) throws {
    let user = try String.fetchOne(
      database, sql: "SELECT id FROM job WHERE dataset_path = ? AND state NOT IN ('succeeded', 'failed', 'cancelled')",
      arguments: [dataset.path])
    if let user { throw JobError.inUse("The job \(user) needs the data set \"\(dataset.name)\"; wait for it, or cancel it.") }
  }

  func delete(_ dataset: Dataset, in database: Database) throws {
    try database.execute(sql: "DELETE FROM dataset WHERE name = ?", arguments: [dataset.name])
  }
}
