import Foundation
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
  func replace(_ dataset: Dataset, thumbnails: [UInt8]?, in database: Database) throws {
    try database.execute(sql: "DELETE FROM dataset WHERE name = ?", arguments: [dataset.name])
    try database.execute(
      sql: """
        INSERT INTO dataset (name, origin, path, images, classes, passed_over, duplicates, bytes, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        dataset.name, dataset.origin.rawValue, dataset.path, dataset.count.images, dataset.count.classes, dataset.count.passedOver,
        dataset.count.duplicates, dataset.bytes, dataset.createdAt,
      ])
    guard let thumbnails else { return }
    try database.execute(
      sql: "INSERT INTO dataset_thumbnails (dataset, png) VALUES (?, ?)", arguments: [dataset.name, Data(thumbnails)])
  }

  /// The picture of a data set; `nil` where it has none.
  func thumbnails(of name: String, in database: Database) throws -> [UInt8]? {
    try Data.fetchOne(database, sql: "SELECT png FROM dataset_thumbnails WHERE dataset = ?", arguments: [name]).map { [UInt8]($0) }
  }

  /// Bytes of all uploaded data sets.
  func uploadedBytes(in database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT SUM(bytes) FROM dataset WHERE origin = 'upload'") ?? 0
  }

  /// Where the data sets lie that were given by path.
  func foreignPaths(in database: Database) throws -> [String] {
    try String.fetchAll(database, sql: "SELECT path FROM dataset WHERE origin = 'path'")
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
