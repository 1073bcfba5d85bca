import Checkpoints
import Foundation

/// The folder of one run:
///
/// | name | what |
/// | --- | --- |
/// | `config.json` | the whole configuration; `hpm pretrain --config` takes it |
/// | `metrics.jsonl` | numbers, a line each ``MetricsRecord`` |
/// | `tensorboard/` | the same as TensorBoard's event files |
/// | `log.txt` | sentences with their time |
/// | `checkpoints/` | weights, ``CheckpointName`` |
/// | `state/` | what a resumed run needs, ``StateStore`` |
/// | `result.json` | how the run ended, ``RunResult``; not there while it runs |
/// | `lock` | held, and naming its process, while it runs |
package final class RunDirectory: Sendable {
  package let path: String
  package let configuration: PretrainingConfiguration
  package let states: StateStore
  package let log: RunLog
  private let files: DurableFiles
  private let lock: RunLock
  private let now: @Sendable () -> Double

  private static let lockName = "lock"

  /// Where the checkpoints are.
  package var checkpoints: String { "\(path)/checkpoints" }

  private var resultPath: String { "\(path)/result.json" }

  /// Starts a run in a folder that is not there yet, or empty.
  ///
  /// Throws where the folder holds anything, cannot be made, or another process is starting a run in it.
  package static func create(
    _ path: String, configuration: PretrainingConfiguration, files: DurableFiles = DurableFiles(),
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws -> RunDirectory {
    try makeFolder(path)
    try requireEmpty(path)
    let lock = try RunLock("\(path)/\(lockName)")
    // Another process may have been faster between the first look and the lock.
    try requireEmpty(path)
    try files.replace("\(path)/config.json", with: Array(configuration.json.pretty.utf8))
    return try RunDirectory(path, configuration, lock, files, now)
  }

  /// Opens a run that was begun, to go on with it under the configuration it was begun with.
  ///
  /// Throws where there is none, its configuration does not read, or a process is working on it.
  package static func reopen(
    _ path: String, files: DurableFiles = DurableFiles(), now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws -> RunDirectory {
    let file = "\(path)/config.json"
    guard FileManager.default.fileExists(atPath: file) else {
      throw RunError(path: path, reason: "there is no run to resume: it has no config.json; leave out --resume to start one")
    }
    let lock = try RunLock("\(path)/\(lockName)")
    guard let bytes = FileManager.default.contents(atPath: file) else { throw RunError(path: file, reason: "the file cannot be read") }
    let configuration: PretrainingConfiguration
    do throws(PretrainingConfigurationError) { configuration = try .resolved(file: [UInt8](bytes)) } catch {
      throw RunError(path: file, reason: error.description)
    }
    return try RunDirectory(path, configuration, lock, files, now)
  }

  private init(
    _ path: String, _ configuration: PretrainingConfiguration, _ lock: RunLock, _ files: DurableFiles,
    _ now: @escaping @Sendable () -> Double
  ) throws {
    self.path = path
    self.configuration = configuration
    self.lock = lock
    self.files = files
    self.now = now
    for folder in ["checkpoints", "state", "tensorboard"] { try Self.makeFolder("\(path)/\(folder)") }
    states = StateStore(folder: "\(path)/state", files: files)
    log = try RunLog("\(path)/log.txt", now: now)
    // What says how the run ended would be read as how it ends.
    try Self.remove(resultPath)
    for folder in [path, checkpoints, "\(path)/state"] { try Self.removePartial(in: folder) }
  }

  /// The logs of numbers, to go on after `step`: 0 at the beginning, else the step of the state that was restored.
  ///
  /// What was written of later steps is forgotten, and so are later states: the run makes them again.
  package func metrics(resumingAfter step: Int) throws -> (lines: MetricsLog, events: EventLog) {
    try states.discard(after: step)
    return (
      try MetricsLog("\(path)/metrics.jsonl", resumingAfter: step, files: files),
      try EventLog(folder: "\(path)/tensorboard", resumingAfter: step, now: now)
    )
  }

  /// Replaces a file of the run, such as a contact sheet, by these bytes: whole or not at all.
  package func replace(_ name: String, with bytes: [UInt8]) throws { try files.replace("\(path)/\(name)", with: bytes) }

  /// The file of a checkpoint, such as `checkpoints/epoch-0012.pth`.
  package func checkpointPath(_ name: CheckpointName, extension suffix: String) -> String { "\(checkpoints)/\(name).\(suffix)" }

  /// Removes the checkpoints that the configuration does not keep; to be called when a new one is whole.
  package func retireCheckpoints() throws(RunError) {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
    let names = Set(files.compactMap { CheckpointName(file: $0) })
    let retired = Set(
      CheckpointName.superseded(Array(names), keepingLast: configuration.run.keepLast, every: configuration.run.keepEvery))
    for file in files.sorted() {
      guard let name = CheckpointName(file: file), retired.contains(name) else { continue }
      try Self.remove("\(checkpoints)/\(file)")
    }
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
        others.contains("config.json") ? "resume the run in it with --resume, or choose another folder" : "choose an empty or a new folder"
      throw RunError(path: path, reason: "the folder is not empty, and a run would mix with what is there; \(advice)")
    }
  }

  private static func removePartial(in folder: String) throws(RunError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasSuffix(DurableFile.partialSuffix) { try remove("\(folder)/\(name)") }
  }

  private static func remove(_ path: String) throws(RunError) {
    guard unlink(path) != 0, errno != ENOENT else { return }
    throw RunError(path, cannot: "remove the file", number: errno)
  }
}
