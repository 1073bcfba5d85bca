import ArgumentParser
import Evaluation
import Foundation
import Kernels
import Training

/// `hpm pretrain`: trains HPM, or one of its baselines, on a folder, list or archive of images.
struct PretrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain", abstract: "Pre-train a masked autoencoder with a loss predictor.",
    usage: "hpm pretrain --data SET --out RUN [--preset NAME] [--config FILE] [--set group.key=value …] [--resume]",
    discussion: """
      SET is a folder of images at any depth, an archive (tar, tar.gz, zip), or a list with a path on each line. RUN is a new folder; it \
      gets config.json, metrics.jsonl, TensorBoard's files, checkpoints and a contact sheet. A run that was interrupted goes on with \
      --resume, in float32 to the same bits. Options: hpm pretrain --help-config.
      """)

  @Option(help: ArgumentHelp("The images.", valueName: "SET"))
  var data: String?

  @Option(help: ArgumentHelp("The run's folder.", valueName: "RUN"))
  var out: String?

  @Option(help: "What to start from: \(PretrainingConfiguration.presetNames.joined(separator: ", ")).")
  var preset: String?

  @Option(help: ArgumentHelp("JSON of options, such as the config.json of another run.", valueName: "FILE"))
  var config: String?

  @Option(name: .customLong("set"), help: ArgumentHelp("One option, over preset and file.", valueName: "group.key=value"))
  var assignments: [String] = []

  @Flag(help: "Go on with the run in RUN, under the configuration it was begun with.")
  var resume = false

  @Flag(help: "Print every option with its default and meaning.")
  var helpConfig = false

  func run() async throws {
    if helpConfig {
      print(PretrainingOption.documentation(), terminator: "")
      return
    }
    guard let out else { throw ValidationError("Name the run's folder: --out RUN") }
    let reopened = resume ? try reopen(out) : nil
    let configuration = try (reopened?.configuration ?? resolvedConfiguration()).notingTargetFile()
    let targets = try TargetFile(configuration)
    // Opened before the folder is made, so that a misspelt path leaves nothing behind.
    let (all, training, heldBack) = try images(configuration)
    let directory = try reopened ?? RunDirectory.create(out, configuration: configuration)
    try directory.log.write("\(configuration.data.path ?? ""): \(all.count) images, passed over: \(all.ignored)")
    let code = try await train(directory, training, heldBack, targets)
    if code != 0 { throw ExitCode(code) }
  }

  /// Trains to the end of the run, or until a signal; what the process is to exit with.
  private func train(_ directory: RunDirectory, _ training: ImageSet, _ heldBack: ImageSet, _ targets: TargetFile?) async throws -> Int32 {
    let configuration = directory.configuration
    let stop = StopSignal()
    let listening = stop.listen()
    defer { listening.cancel() }
    return try await ComputeThread().run {
      let (precision, threads) = (configuration.run.precision, configuration.run.threads ?? Processor.threadCount)
      let operations = try OneDNNTrainingOperations(precision: precision, threads: threads)
      let evaluation =
        heldBack.count == 0
        ? nil
        : PretrainingEvaluation(configuration, heldBack: heldBack, training: training) { try? directory.log.write($0) }
      let frozen = try targets.map { try $0.features(OneDNNOperations(precision: precision, threads: threads)) }
      let run = try PretrainingRun(
        directory, images: training, operations: operations, targets: frozen, stop: stop, progress: ProgressBar(),
        evaluate: evaluation.map { $0.evaluate })
      return try run.run().exitCode
    }
  }

  private func reopen(_ path: String) throws -> RunDirectory {
    guard data == nil, preset == nil, config == nil, assignments.isEmpty else {
      throw ValidationError("--resume goes on under the run's own configuration; leave out --data, --preset, --config and --set")
    }
    return try RunDirectory.reopen(path)
  }

  private func resolvedConfiguration() throws -> PretrainingConfiguration {
    let file = try config.map { path in
      guard let bytes = FileManager.default.contents(atPath: path) else {
        throw ValidationError("The configuration \(path) cannot be read.")
      }
      return [UInt8](bytes)
    }
    let named = data.map { ["data.path=\($0)"] } ?? []
    let configuration: PretrainingConfiguration
    do throws(PretrainingConfigurationError) {
      configuration = try .resolved(preset: preset, file: file, assignments: named + assignments)
    } catch { throw ValidationError(error.description) }
    guard configuration.data.path != nil else { throw ValidationError("Name the images: --data SET") }
    return configuration
  }

  /// All images of the set: those to train on, and those held back.
  private func images(
    _ configuration: PretrainingConfiguration
  ) throws -> (all: ImageSet, training: ImageSet, heldBack: ImageSet) {
    guard let path = configuration.data.path else { throw ValidationError("The run's configuration names no images: data.path is null.") }
    let all = try ImageSet.open(path, configuration: ImageSetConfiguration(spoolFolder: configuration.data.spoolFolder))
    let split = try RandomSplit(
      of: all.count, holdingBack: .count(configuration.evaluation.heldBackImages), seed: UInt64(configuration.run.seed))
    return (all, all.subset(split.training), all.subset(split.heldBack))
  }
}
