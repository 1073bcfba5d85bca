import Foundation

@testable import Service

/// Key files in a folder of the test's own.
enum KeyFiles {
  /// A path for a key file, whose folder is gone afterwards.
  static func withPath<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-keys-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.appendingPathComponent("keys.jsonl").path)
  }

  /// Adds a key to the file at `path`, and gives what its owner sends.
  static func add(
    _ name: String, _ rights: Set<AccessRight>, requestsPerMinute: Int? = nil, expiry: Date? = nil, to path: String
  ) throws -> String {
    let (key, token) = AccessKey.fresh(name: name, rights: rights, requestsPerMinute: requestsPerMinute, expiry: expiry)
    try KeyFile(path).add(key)
    return "Bearer \(token.text)"
  }

  /// Writes `text` as a key file would be, to be read by its owner alone unless `mode` says otherwise.
  static func write(_ text: String, to path: String, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }
}
