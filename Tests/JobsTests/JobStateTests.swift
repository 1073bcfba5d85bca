import GRDB
import Glibc
import Testing

@testable import Jobs

@Suite struct JobStateTests {
  @Test func `the database allows the transitions of the enumeration and no others`() throws {
    let home = try TemporaryHome()
    let store = try JobStore(home.file("jobs.sqlite"))
    for from in JobState.allCases {
      for to in JobState.allCases where from != to {
        let isAllowed =
          (try? store.write { database -> Void in
            try database.execute(sql: "DELETE FROM job")
            try database.execute(
              sql: """
                INSERT INTO job (id, kind, dataset, dataset_path, config, priority, state, created_at)
                VALUES ('job', 'fake', 'photos', '/photos', '{}', 0, ?, 0)
                """, arguments: [from.rawValue])
            try database.execute(sql: "UPDATE job SET state = ?", arguments: [to.rawValue])
          }) != nil
        #expect(isAllowed == from.successors.contains(to), "\(from.rawValue) to \(to.rawValue)")
      }
    }
  }

  @Test func `the database knows no other state`() throws {
    let home = try TemporaryHome()
    let store = try JobStore(home.file("jobs.sqlite"))
    #expect(throws: JobError.self) {
      try store.write { database -> Void in
        try database.execute(
          sql: """
            INSERT INTO job (id, kind, dataset, dataset_path, config, priority, state, created_at)
            VALUES ('job', 'fake', 'photos', '/photos', '{}', 0, 'resting', 0)
            """)
      }
    }
  }
}

@Suite struct JobStoreTests {
  @Test func `commits are synchronised with the disk, in a write-ahead log`() throws {
    let home = try TemporaryHome()
    let store = try JobStore(home.file("jobs.sqlite"))
    #expect(try store.setting("synchronous") == "2")
    #expect(try store.setting("journal_mode") == "wal")
    #expect(try store.setting("foreign_keys") == "1")
  }

  @Test func `a damaged database is refused with what to do`() throws {
    let home = try TemporaryHome()
    _ = try JobStore(home.file("jobs.sqlite"))
    try home.write(Array("SQLite format 3\0 and then nonsense".utf8) + [UInt8](repeating: 7, count: 4096), to: "jobs.sqlite")
    try home.write([], to: "jobs.sqlite-wal")
    #expect(throws: JobError.self) { try JobStore(home.file("jobs.sqlite")) }
  }

  @Test func `a database of a later program is refused`() throws {
    let home = try TemporaryHome()
    let store = try JobStore(home.file("jobs.sqlite"))
    try store.write { try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('from the future')") }
    #expect { try JobStore(home.file("jobs.sqlite")) } throws: { "\($0)".contains("later hpm") }
  }

  @Test func `a home has one server at a time`() throws {
    let folder = try TemporaryHome()
    var first: JobHome? = try JobHome(folder.file("home"))
    #expect { try JobHome(folder.file("home")) } throws: { "\($0)".contains("another server (process \(getpid())) works on this home") }
    _ = first?.path
    first = nil
    _ = try JobHome(folder.file("home"))
  }
}
