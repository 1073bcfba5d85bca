import Foundation

/// The folder of one pre-training run: a ``RunFolder`` with
///
/// | name | what |
/// | --- | --- |
/// | `config.json` | the whole configuration; `hpm pretrain --config` takes it |
/// | `tensorboard/` | the numbers as TensorBoard's event files |
/// | `checkpoints/` | weights, ``CheckpointName`` |
/// | `state/` | what a resumed run needs, ``StateStore`` |
package final class RunDirectory: Sendable {
  package let configuration: PretrainingConfiguration
  package let states: StateStore
  private let folder: RunFolder

  package var path: String { folder.path }
  package var log: RunLog { folder.log }

  /// Where the checkpoints are.
  package var checkpoints: String { "\(path)/checkpoints" }

  /// Starts a run in a folder that is not there yet, or empty.
  ///
  /// Throws where the folder holds anything, cannot be made, or another process is starting a run in it.
  package static func create(
    _ path: String, configuration: PretrainingConfiguration, files: DurableFiles = DurableFiles(),
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws -> RunDirectory {
    try RunDirectory(RunFolder.create(path, configuration: configuration.json, files: files, now: now), configuration)
  }

  /// Opens a run that was begun, to go on with it under the configuration it was begun with.
  ///
  /// Throws where there is none, its configuration does not read, or a process is working on it.
  package static func reopen(
    _ path: String, files: DurableFiles = DurableFiles(), now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws -> RunDirectory {
    let folder = try RunFolder.reopen(path, files: files, now: now)
    let configuration: PretrainingConfiguration
    do throws(PretrainingConfigurationError) { configuration = try .resolved(file: folder.configuration) } catch {
      throw RunError(path: folder.configurationPath, reason: error.description)
    }
    return try RunDirectory(folder, configuration)
  }

  private init(_ folder: RunFolder, _ configuration: PretrainingConfiguration) throws {
    self.folder = folder
    self.configuration = configuration
    for name in ["checkpoints", "state", "tensorboard"] { try folder.makeFolder(name) }
    states = StateStore(folder: "\(folder.path)/state", files: folder.files)
    for name in ["checkpoints", "state"] { try RunFolder.removePartial(in: "\(folder.path)/\(name)") }
  }

  /// The logs of numbers, to go on after `step`: 0 at the beginning, else the step of the state that was restored.
  ///
  /// What was written of later steps is forgotten, and so are later states: the run makes them again.
  package func metrics(resumingAfter step: Int) throws -> (lines: MetricsLog, events: EventLog) {
    try states.discard(after: step)
    return (
      try folder.metrics(resumingAfter: step), try EventLog(folder: "\(path)/tensorboard", resumingAfter: step, now: folder.now)
    )
  }

  /// Replaces a file of the run, such as a contact sheet, by these bytes: whole or not at all.
  package func replace(_ name: String, with bytes: [UInt8]) throws { try folder.replace(name, with: bytes) }

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
      try RunFolder.remove("\(checkpoints)/\(file)")
    }
  }

  /// Writes `result.json`: how the run ended, and when.
  package func end(_ outcome: RunResult.Outcome, step: Int, epoch: Double) throws -> RunResult {
    try folder.end(outcome, step: step, epoch: epoch)
  }
}
