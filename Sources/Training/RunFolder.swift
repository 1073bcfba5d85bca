import Checkpoints
import Foundation

/// What the folder of every run has, whatever the run does:
///
/// | name | what |
/// | --- | --- |
/// | `config.json` | the configuration it was begun with |
/// | `metrics.jsonl` | numbers, a line each ``MetricsRecord`` |
/// | `log.txt` | sentences with their time |
/// | `result.json` | how the run ended, ``RunResult``; not there while it runs |
/// | `lock` | held, and naming its process, while it runs |
package final class RunFolder: Sendable {
  package let path: String
  package let log: RunLog
  /// The bytes of `config.json`.
  package let configuration: [UInt8]
  let files: DurableFiles
  let now: @Sendable () -> Double
  private let lock: RunLock

  private static let lockName = "lock"
  private static let configurationName = "config.json"

  /// Where the configuration is.
  package var configurationPath: String { "\(path)/\(Self.configurationName)" }

  private var resultPath: String { "\(path)/result.json" }

  /// Starts a run in a folder that is not there yet, or empty.
  ///
  /// Throws where the folder holds anything, cannot be made, or another process is starting a run in it.
  package static func create(
    _ path: String, configuration: JSONValue, files: DurableFiles = DurableFiles(),
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws -> RunFolder {
    try makeFolder(path)
    try requireEmpty(path)
    let lock = try RunLock("\(path)/\(lockName)")
    // Another process may have been faster between the first look and the lock.
    try requireEmpty(path)
    let bytes = Array(configuration.pretty.utf8)
    try files.replace("\(path)/\(configurationName)", with: bytes)
    return try RunFolder(path, bytes, lock, files, now)
  }

  /// Opens a run that was begun, to go on with it.
  ///
  /// Throws where there is none, or a process is working on it.
  package static func reopen(
    _ path: String, files: DurableFiles = DurableFiles(), now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws -> RunFolder {
    let file = "\(path)/\(configurationName)"
    guard FileManager.default.fileExists(atPath: file) else {
      throw RunError(path: path, reason: "there is no run to resume: it has no config.json; leave out --resume to start one")
    }
    let lock = try RunLock("\(path)/\(lockName)")
    guard let bytes = FileManager.default.contents(atPath: file) else { throw RunError(path: file, reason: "the file cannot be read") }
    return try RunFolder(path, [UInt8](bytes), lock, files, now)
  }

  private init(
    _ path: String, _ configuration: [UInt8], _ lock: RunLock, _ files: DurableFiles, _ now: @escaping @Sendable () -> Double
  ) throws {
    self.path = path
    self.configuration = configuration
    self.lock = lock
    self.files = files
    self.now = now
    log = try RunLog("\(path)/log.txt", now: now)
    // What says how the run ended would be read as how it ends.
    try Self.remove(resultPath)
    try Self.removePartial(in: path)
  }

  /// A folder in the run's.
  package func makeFolder(_ name: String) throws(RunError) { try Self.makeFolder("\(path)/\(name)") }

  /// Opens the lines of numbers, to go on after `step`: 0 at the beginning, else the step of the state that was restored.
  ///
  /// What was written of later steps is forgotten: the run makes them again.
  package func metrics(resumingAfter step: Int) throws -> MetricsLog {
    try MetricsLog("\(path)/metrics.jsonl", resumingAfter: step, files: files)
  }

  /// Replaces a file of the run by these bytes: whole or not at all.
  package func replace(_ name: String, with bytes: [UInt8]) throws { try files.replace("\(path)/\(name)", with: bytes) }

  /// Replaces a file of the run by what `contents` writes.
  package func replace(_ name: String, contents: (DurableFileWriter) throws -> Void) throws {
    try files.replace("\(path)/\(name)", contents: contents)
  }

  /// Writes `result.json`: how the run ended, and when.
  package func end(_ outcome: RunResult.Outcome, step: Int, epoch: Double) throws -> RunResult {
    let result = RunResult(outcome, step: step, epoch: epoch, endedAt: now())
    try files.replace(resultPath, with: Array(result.json.pretty.utf8))
    return result
  }

  private static func makeFolder(_ path: String) throws(RunError) {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw RunError(path: path, reason: "the folder cannot be made: \(error.localizedDescription)")
    }
  }

  /// A lock, and a file that was not finished, are what a run leaves that ended before it began.
  private static func requireEmpty(_ path: String) throws(RunError) {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw RunError(path: path, reason: "the folder cannot be read")
    }
    let others = names.filter { $0 != lockName && !$0.hasSuffix(DurableFile.partialSuffix) }
    guard others.isEmpty else {
      let advice =
        others.contains(configurationName)
        ? "resume the run in it with --resume, or choose another folder" : "choose an empty or a new folder"
      throw RunError(path: path, reason: "the folder is not empty, and a run would mix with what is there; \(advice)")
    }
  }

  /// Files that were not finished when the process ended.
  static func removePartial(in folder: String) throws(RunError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasSuffix(DurableFile.partialSuffix) { try remove("\(folder)/\(name)") }
  }

  static func remove(_ path: String) throws(RunError) {
    guard unlink(path) != 0, errno != ENOENT else { return }
    throw RunError(path, cannot: "remove the file", number: errno)
  }
}
