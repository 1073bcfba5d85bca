import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import Service

@Suite struct KeyRingTests {
  private func problem(_ work: () throws(Problem) -> Void) -> Problem? {
    do throws(Problem) {
      try work()
      return nil
    } catch {
      return error
    }
  }

  @Test func `knows the key that a token stands for`() async throws {
    try await KeyFiles.withPath { path in
      let boss = try KeyFiles.add("boss", [.admin], to: path)
      let other = try KeyFiles.add("team_a.b-c", [.infer], to: path)
      let ring = try KeyRing(KeyFile(path), logger: TestLog().logger)
      #expect(try ring.key(boss).name == "boss")
      #expect(try ring.key(other.replacing("Bearer ", with: "bEARER   ")).name == "team_a.b-c")
    }
  }

  @Test(arguments: [nil, "", "Bearer", "Bearer ", "Basic dTpw", "hpm_ci_00"])
  func `asks for a key where none is brought`(field: String?) async throws {
    try await KeyFiles.withPath { path in
      _ = try KeyFiles.add("ci", [.infer], to: path)
      let ring = try KeyRing(KeyFile(path), logger: TestLog().logger)
      #expect(problem { () throws(Problem) in _ = try ring.key(field) }?.kind == .keyNeeded)
    }
  }

  @Test(
    arguments: [
      { "\($0)0" }, { String($0.dropLast()) }, { String($0.dropLast()) + ($0.hasSuffix("0") ? "1" : "0") }, { $0 + " " },
      { $0.replacing("hpm_ci", with: "hpm_other") }, { $0.replacing("hpm_", with: "") }, { $0.replacing("_ci_", with: "_") },
      { _ in "Bearer hpm_" }, { _ in "Bearer _" }, { _ in "Bearer hpm_ci_\u{00E9}" },
      { $0.uppercased().replacing("BEARER", with: "Bearer") },
    ] as [@Sendable (String) -> String])
  func `knows nothing else`(change: @Sendable (String) -> String) async throws {
    try await KeyFiles.withPath { path in
      let sent = try KeyFiles.add("ci", [.infer], to: path)
      let ring = try KeyRing(KeyFile(path), logger: TestLog().logger)
      let found = problem { () throws(Problem) in _ = try ring.key(change(sent)) }
      #expect(found?.kind == .unknownKey)
      #expect(found?.detail.contains("hpm_") == false, "no answer repeats what was sent")
    }
  }

  @Test func `knows a key until it expires`() async throws {
    try await KeyFiles.withPath { path in
      let expiry = Date(timeIntervalSince1970: 2_000_000_000)
      let sent = try KeyFiles.add("ci", [.infer], expiry: expiry, to: path)
      let moment = Mutex(expiry.addingTimeInterval(-1))
      let ring = try KeyRing(KeyFile(path), logger: TestLog().logger, date: { moment.withLock { $0 } })
      #expect(try ring.key(sent).name == "ci")
      moment.withLock { $0 = expiry }
      #expect(problem { () throws(Problem) in _ = try ring.key(sent) }?.detail == "The key ci has expired.")
    }
  }

  @Test func `knows at once what was added to the file and forgets what was revoked`() async throws {
    try await KeyFiles.withPath { path in
      let first = try KeyFiles.add("first", [.infer], to: path)
      let ring = try KeyRing(KeyFile(path), logger: TestLog().logger)
      let second = try KeyFiles.add("second", [.infer], to: path)
      #expect(try ring.key(second).name == "second")
      try KeyFile(path).revoke("first")
      #expect(problem { () throws(Problem) in _ = try ring.key(first) }?.kind == .unknownKey)
      #expect(try ring.key(second).name == "second")
    }
  }

  @Test(arguments: ["no key", "gone", "open to all"])
  func `keeps the old keys, and says so once, when the new file is unusable`(fault: String) async throws {
    try await KeyFiles.withPath { path in
      let sent = try KeyFiles.add("ci", [.infer], to: path)
      let log = TestLog()
      let ring = try KeyRing(KeyFile(path), logger: log.logger)
      let content = try String(contentsOfFile: path, encoding: .utf8)
      switch fault {
      case "gone": try FileManager.default.removeItem(atPath: path)
      case "open to all": try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
      default: try KeyFiles.write(content + "half a li", to: path)
      }
      for _ in 0..<3 { #expect(try ring.key(sent).name == "ci") }
      let lines = try log.records("keys not read again, the old ones stay")
      #expect(lines.count == 1 && lines[0]["level"] as? String == "error" && (lines[0]["reason"] as? String)?.contains(path) == true)
      try KeyFiles.write(content, to: path)
      #expect(try ring.key(sent).name == "ci")
      #expect(try log.records("keys read again").count == 1)
    }
  }

  @Test func `gives a key its requests a minute, and back as time goes by`() async throws {
    try await KeyFiles.withPath { path in
      let clock = ManualClock()
      let sent = try KeyFiles.add("ci", [.infer], requestsPerMinute: 6, to: path)
      let ring = try KeyRing(KeyFile(path), logger: TestLog().logger, now: { clock.now })
      let key = try ring.key(sent)
      for _ in 0..<6 { try ring.spend(key) }
      #expect(problem { () throws(Problem) in try ring.spend(key) }?.retryAfter == 10)
      clock.advance(by: 4.5)
      #expect(problem { () throws(Problem) in try ring.spend(key) }?.retryAfter == 6)
      clock.advance(by: 5.5)
      try ring.spend(key)
      #expect(problem { () throws(Problem) in try ring.spend(key) }?.kind == .keyRateExceeded)
      clock.advance(by: 3600)
      for _ in 0..<6 { try ring.spend(key) }
      #expect(problem { () throws(Problem) in try ring.spend(key) } != nil, "what is not used in an hour is not kept for the next")
    }
  }
}
