import Foundation
import GRDB

extension JobStore {
  /// The first answer to the request that the key stands for; `nil` where the key is new.
  ///
  /// - Throws: ``JobError/keyReused(_:)``.
  func answer(to key: IdempotencyKey, in database: Database) throws -> SubmissionAnswer? {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM idempotency_key WHERE key = ?", arguments: [key.text]) else {
      return nil
    }
    guard row["request"] as String == key.request else { throw JobError.keyReused(key.text) }
    return SubmissionAnswer(id: row["job_id"], body: [UInt8](row["answer"] as Data))
  }

  /// Keeps an answer under its key.
  func keep(_ answer: SubmissionAnswer, under key: IdempotencyKey, in database: Database) throws {
    try database.execute(
      sql: "INSERT INTO idempotency_key (key, request, job_id, answer, created_at) VALUES (?, ?, ?, ?, ?)",
      arguments: [key.text, key.request, answer.id, Data(answer.body), now()])
  }

  /// Forgets keys that are older than `lifetime` seconds.
  func forgetKeys(olderThan lifetime: Double, in database: Database) throws {
    try database.execute(sql: "DELETE FROM idempotency_key WHERE created_at < ?", arguments: [now() - lifetime])
  }
}
