import Foundation
import Testing

@testable import Service

@Suite struct KeyFileTests {
  private static let digest = String(repeating: "0a", count: 32)
  private static let line = #"{"name":"ci","rights":["infer"],"salt":"ab","sha256":""# + digest + #""}"#

  private func complaint(_ work: () throws(KeyFileError) -> Void) -> String? {
    do throws(KeyFileError) {
      try work()
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `gives back the keys that were added, in order, and keeps no secret`() async throws {
    try await KeyFiles.withPath { path in
      let expiry = Date(timeIntervalSince1970: 1_900_000_000)
      let sent = try KeyFiles.add("ci", [.infer, .jobs], requestsPerMinute: 60, expiry: expiry, to: path)
      _ = try KeyFiles.add("boss", [.admin], to: path)
      let keys = try KeyFile(path).read()
      #expect(keys.map(\.name) == ["ci", "boss"])
      #expect(keys[0].rights == [.infer, .jobs] && keys[0].requestsPerMinute == 60 && keys[0].expiry == expiry)
      #expect(keys[1].rights == [.admin] && keys[1].requestsPerMinute == nil && keys[1].expiry == nil)
      let secret = try #require(sent.split(separator: "_").last)
      let content = try String(contentsOfFile: path, encoding: .utf8)
      #expect(secret.count == 64 && !content.contains(secret))
    }
  }

  @Test func `is its owner's alone and appears in one step`() async throws {
    try await KeyFiles.withPath { path in
      _ = try KeyFiles.add("ci", [.infer], to: path)
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["keys.jsonl"])
    }
  }

  @Test func `is changed where a link leads`() async throws {
    try await KeyFiles.withPath { path in
      _ = try KeyFiles.add("ci", [.infer], to: path)
      let link = path + ".link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "keys.jsonl")
      _ = try KeyFiles.add("late", [.infer], to: link)
      #expect(try KeyFile(path).read().map(\.name) == ["ci", "late"])
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "keys.jsonl")
    }
  }

  @Test func `loses none of the keys that are added at once`() async throws {
    try await KeyFiles.withPath { path in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<8 {
          group.addTask { try await WorkPool(width: 1).run { Result { _ = try KeyFiles.add("k\(index)", [.infer], to: path) } }.get() }
        }
        try await group.waitForAll()
      }
      #expect(Set(try KeyFile(path).read().map(\.name)) == Set((0..<8).map { "k\($0)" }))
    }
  }

  @Test func `lets a key go, and says so of one that is not there`() async throws {
    try await KeyFiles.withPath { path in
      _ = try KeyFiles.add("ci", [.infer], to: path)
      #expect(complaint { () throws(KeyFileError) in try KeyFile(path).revoke("other") }?.contains("has no key other") == true)
      try KeyFile(path).revoke("ci")
      #expect(try KeyFile(path).read().isEmpty)
    }
  }

  @Test func `has each name once`() async throws {
    try await KeyFiles.withPath { path in
      _ = try KeyFiles.add("ci", [.infer], to: path)
      let second = AccessKey.fresh(name: "ci", rights: [.admin], requestsPerMinute: nil, expiry: nil).key
      #expect(complaint { () throws(KeyFileError) in try KeyFile(path).add(second) }?.contains("has a key ci already") == true)
      try KeyFiles.write(Self.line + "\n" + Self.line, to: path)
      #expect(complaint { () throws(KeyFileError) in _ = try KeyFile(path).read() }?.contains("line 2") == true)
    }
  }

  @Test(arguments: [0o644, 0o604, 0o602, 0o620, 0o601])
  func `is refused where others may read or change it, with what to do`(mode: Int) async throws {
    try await KeyFiles.withPath { path in
      try KeyFiles.write(Self.line, to: path, mode: mode)
      let sentence = try #require(complaint { () throws(KeyFileError) in _ = try KeyFile(path).read() })
      #expect(sentence.contains("(mode \(String(mode, radix: 8)))") && sentence.contains("chmod 600 \(path)"))
    }
  }

  @Test(arguments: [0o600, 0o400, 0o440])
  func `may be read by its group, as secrets are mounted`(mode: Int) async throws {
    try await KeyFiles.withPath { path in
      try KeyFiles.write("\n" + Self.line + "\n\n", to: path, mode: mode)
      #expect(try KeyFile(path).read().map(\.name) == ["ci"])
    }
  }

  @Test func `says how to make one that is not there`() async throws {
    try await KeyFiles.withPath { path in
      let sentence = try #require(complaint { () throws(KeyFileError) in _ = try KeyFile(path).read() })
      #expect(sentence.contains("No such file") && sentence.contains("hpm keys add NAME --rights infer --keys \(path)"))
    }
  }

  @Test func `is a file`() async throws {
    try await KeyFiles.withPath { path in
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(complaint { () throws(KeyFileError) in _ = try KeyFile(path).read() }?.contains("is not a file") == true)
    }
  }

  @Test(arguments: [
    ("name: ci", "is not a JSON object"), ("[]", "is not a JSON object"), ("{}", "is not a JSON object"), ("{", "is not a JSON object"),
    (line.replacing("ci", with: "C I"), "has a name"), (line.replacing("infer", with: "root"), "has rights"),
    (line.replacing(#""infer""#, with: ""), "has rights"), (line.replacing(#""infer""#, with: #""infer","infer""#), "has rights"),
    (line.replacing(#""salt""#, with: #""expire_at":"2020-01-01T00:00:00Z","salt""#), #"has the member "expire_at""#),
    (line.replacing(#""salt""#, with: #""expires_at":"tomorrow","salt""#), "has an expires_at"),
    (line.replacing(#""salt""#, with: #""requests_per_minute":0,"salt""#), "has requests_per_minute"),
    (line.replacing(#""salt""#, with: #""requests_per_minute":1.5,"salt""#), "is not a JSON object"),
    (line.replacing(digest, with: digest.uppercased()), "has a sha256"), (line.replacing("0a0a", with: "0a"), "has a sha256"),
  ])
  func `is refused whole for a line that is no key, which is named`(line: String, word: String) async throws {
    try await KeyFiles.withPath { path in
      try KeyFiles.write(Self.line.replacing("ci", with: "first") + "\n" + line + "\n", to: path)
      let sentence = try #require(complaint { () throws(KeyFileError) in _ = try KeyFile(path).read() })
      #expect(sentence.hasPrefix("line 2 of the key file \(path) \(word)"), "\(sentence)")
    }
  }
}
