import Foundation
import GRDB

/// The database of jobs, attempts, events, data sets and idempotency keys: SQLite with a write-ahead log that is synchronised at every
/// commit, so that what a call has returned from outlasts a loss of power.
///
/// Calls block; they are made on the supervisor's queue, and reads from any thread that may block.
final class JobStore: Sendable {
  private let pool: DatabasePool
  /// Seconds since 1970.
  let now: @Sendable () -> Double

  private static let busySeconds = 5.0

  /// Opens the database, made where it is missing, checks it and brings it up to date.
  ///
  /// - Throws: ``JobError/home(_:)`` where it cannot be opened, is damaged, or was written by a later program.
  init(_ path: String, now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }) throws(JobError) {
    self.now = now
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(Self.busySeconds)
      pool = try DatabasePool(path: path, configuration: configuration)
      // GRDB lowers it to NORMAL when it turns the write-ahead log on; a commit must outlast a loss of power.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      let verdict = try pool.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
      guard verdict == "ok" else {
        throw JobError.home("\(path): the database is damaged: \(verdict ?? "no verdict"). Restore it from a backup, or move it away.")
      }
      guard try !pool.read(Self.migrations.hasBeenSuperseded) else {
        throw JobError.home("\(path): the database was written by a later hpm; use that one.")
      }
      try Self.migrations.migrate(pool)
    } catch let error as JobError {
      throw error
    } catch { throw Self.failure(error, path) }
  }

  /// Does `body` in one transaction: all of it, on disk when this returns, or nothing.
  func write<Value>(_ body: (Database) throws -> Value) throws(JobError) -> Value {
    do { return try pool.write(body) } catch let error as JobError { throw error } catch { throw Self.failure(error, pool.path) }
  }

  /// Reads one state of the database, whatever is written meanwhile.
  func read<Value>(_ body: (Database) throws -> Value) throws(JobError) -> Value {
    do { return try pool.read(body) } catch let error as JobError { throw error } catch { throw Self.failure(error, pool.path) }
  }

  /// A setting of the writing connection, such as `synchronous`.
  func setting(_ name: String) throws(JobError) -> String? {
    do { return try pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") } } catch {
      throw Self.failure(error, pool.path)
    }
  }

  private static func failure(_ error: any Error, _ path: String) -> JobError {
    if (error as? DatabaseError)?.resultCode == .SQLITE_FULL || Disk.isFull(at: path) { return .noRoom(Disk.fullSentence) }
    return .home("\(path): the database refuses: \(error). Look whether its disk is failing.")
  }
}
