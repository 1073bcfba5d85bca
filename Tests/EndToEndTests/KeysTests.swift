import Foundation
import TestSupport
import Testing

/// Keys as an operator and a client meet them.
@Suite(.serialized) struct KeysTests {
  private func add(_ arguments: [String], in folder: URL) async throws -> String {
    let outcome = try await Program.run(["keys", "add"] + arguments + ["--keys", "keys.jsonl"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.text.trimmingCharacters(in: .newlines)
  }

  @Test func `a key is printed once, listed without its secret, and revoked`() async throws {
    try await Samples.withFolder { folder in
      let token = try await add(["ci", "--rights", "infer,jobs", "--requests-per-minute", "60"], in: folder)
      #expect(token.wholeMatch(of: /hpm_ci_[0-9a-f]{64}/) != nil)
      _ = try await add(["old", "--expires", "2020-01-31T12:00:00Z"], in: folder)
      let list = try await Program.run(["keys", "list", "--keys", "keys.jsonl"], in: folder)
      let rows = list.text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
      #expect(
        rows.dropFirst() == [["ci", "infer,jobs", "60", "never", "valid"], ["old", "infer", "any", "2020-01-31T12:00:00Z", "expired"]])
      #expect(try await Program.run(["keys", "revoke", "old", "--keys", "keys.jsonl"], in: folder).status == 0)
      let again = try await Program.run(["keys", "revoke", "old", "--keys", "keys.jsonl"], in: folder)
      #expect(again.status == 1 && again.errors.contains("no key old"))
    }
  }

  @Test(
    arguments: [
      (["add", "Big", "--keys", "k"], 2, "Big"), (["add", "ci", "--rights", "root", "--keys", "k"], 2, "--rights"),
      (["add", "ci", "--requests-per-minute", "0", "--keys", "k"], 2, "--requests-per-minute"),
      (["add", "ci", "--expires", "soon", "--keys", "k"], 2, "--expires"), (["add", "ci"], 2, "--keys"),
      (["list", "--keys", "k"], 1, "hpm keys add"), (["add", "ci", "--keys", "missing/k"], 1, "missing"),
    ] as [([String], Int32, String)])
  func `what cannot be done is a sentence`(arguments: [String], status: Int32, word: String) async throws {
    try await Samples.withFolder { folder in
      let outcome = try await Program.run(["keys"] + arguments, in: folder)
      #expect(outcome.status == status && outcome.text == "" && outcome.errors.contains(word), "\(outcome.errors)")
    }
  }

  @Test func `a service asks for keys, and follows the file`() async throws {
    try await Samples.withFolder { folder in
      let key = try await add(["ci"], in: folder)
      let path = folder.appendingPathComponent("keys.jsonl").path
      try await ServedProgram.with(["--keys", path]) { service in
        let refused = try await service.ask("POST", "/predict-loss", body: Samples.photo)
        #expect(refused.status == 401 && refused["WWW-Authenticate"] == #"Bearer realm="hpm""#)
        #expect(try await service.ask("POST", "/predict-loss", key: key, body: Samples.photo).status == 200)
        let late = try await add(["late"], in: folder)
        #expect(try await service.ask("GET", "/mask", key: late).status == 200)
        #expect(try await Program.run(["keys", "revoke", "ci", "--keys", path]).status == 0)
        #expect(try await service.ask("GET", "/mask", key: key).status == 401)
        #expect(try await Program.run(["health", service.url]).status == 0, "health needs no key")
      }
    }
  }

  @Test func `a service does not start with keys that others can read, or that are not there`() async throws {
    try await Samples.withFolder { folder in
      _ = try await add(["ci"], in: folder)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.appendingPathComponent("keys.jsonl").path)
      for (file, word) in [("keys.jsonl", "chmod 600 keys.jsonl"), ("none.jsonl", "hpm keys add NAME")] {
        for flag in [["--port", "0"], ["--check"]] {
          let outcome = try await Program.run(["serve", "--keys", file] + flag, in: folder)
          #expect(outcome.status == 1 && outcome.errors.contains(word), "\(outcome.errors)")
        }
      }
    }
  }
}
