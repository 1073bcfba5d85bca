import ArgumentParser
import Checkpoints
import Evaluation
import Foundation
import Kernels
import Training

/// `hpm mine`: which images of a set, and which patches of each, are hard.
struct MineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mine", abstract: "Rank the images of a set, and the patches of each, by how hard they are.",
    usage: "hpm mine --model FILE --data SET --out DIR [--ratio R] [--strategy hard|easy] [--alpha A] [--seed S] [--resume]",
    discussion: """
      DIR is a new folder; it gets images.csv (a line an image), true_loss.npy and predicted_loss.npy (float32, [n, rows, columns]), \
      masks.npy (uint8, 1 = hidden), skipped.csv, summary.json, and gallery.html with the hardest and the easiest images. Images are ranked \
      by their true loss, the masked reconstruction error that /reconstruct tells, since predicted losses do not compare across images. \
      A run that was interrupted goes on with --resume. SET is a folder of images at any depth, an archive (tar, tar.gz, zip), \
      ARCHIVE!FOLDER, or a list with a path on each line.
      """)

  @Option(help: ArgumentHelp("The checkpoint: with loss predictor and pixel decoder.", valueName: "FILE"))
  var model: String?

  @Option(help: ArgumentHelp("The images.", valueName: "SET"))
  var data: String?

  @Option(help: ArgumentHelp("The folder of the results.", valueName: "DIR"))
  var out: String

  @OptionGroup var options: MiningOptions

  @OptionGroup var reading: CheckpointReading

  @Flag(help: "Load weights that are not finite numbers.")
  var allowNonFinite = false

  @Option(help: "fp32 or bf16; fp32 where it is left out.")
  var precision: Precision?

  @Option(help: "Threads to compute with, and to read images; as many as the processors where it is left out.")
  var threads: Int?

  @Flag(help: "Go on with the run in DIR, as it was begun.")
  var resume = false

  func validate() throws {
    guard (threads ?? 1) > 0 else { throw ValidationError("--threads must be a whole number from 1.") }
    let isAlone = model == nil && data == nil && options.members.isEmpty && !allowNonFinite && precision == nil && threads == nil
    guard resume else {
      guard model != nil else { throw ValidationError("Name the model: --model FILE") }
      guard data != nil else { throw ValidationError("Name the images: --data SET") }
      return
    }
    guard isAlone, reading.weights == .automatic, reading.heads == nil, reading.decoderHeads == nil else {
      throw ValidationError("--resume goes on as the run was begun; leave out everything but --out")
    }
  }

  func run() async throws {
    let reopened = resume ? try RunFolder.reopen(out) : nil
    let begun = try reopened.map { try MiningConfiguration(readFrom: $0) }
    var configuration = try begun ?? wanted()
    let checkpoint = try EvaluatedCheckpoint(configuration.origin.model, configuration.origin.reading)
    do throws(PretrainingConfigurationError) { _ = try MiningRegime(configuration.settings, of: checkpoint) } catch {
      throw ValidationError(error.description)
    }
    // Opened before the folder is made, so that a misspelt path leaves nothing behind.
    let images = try ImageSet.open(configuration.origin.data, configuration: ImageSetConfiguration(spoolFolder: spoolFolder))
    try configuration.origin.note(images, on: begun == nil ? .beginning : .resumption)
    let folder = try reopened ?? RunFolder.create(out, configuration: configuration.json)
    let (code, summary) = try await mine(folder, configuration, images, checkpoint)
    if let summary { print(summary) }
    if code != 0 { throw ExitCode(code) }
  }

  /// Mines to the end of the set, or until a signal; what the process is to exit with, and what it is to print.
  private func mine(
    _ folder: RunFolder, _ configuration: MiningConfiguration, _ images: ImageSet, _ checkpoint: EvaluatedCheckpoint
  ) async throws -> (Int32, String?) {
    let stop = StopSignal()
    let listening = stop.listen()
    defer { listening.cancel() }
    return try await ComputeThread().run {
      let operations = try OneDNNOperations(precision: configuration.origin.precision, threads: configuration.origin.threads)
      let run = try MiningRun(
        folder, configuration, images: images, checkpoint: checkpoint, operations: operations, stop: stop, progress: ProgressBar())
      let code = try run.run().exitCode
      return (code, run.summary.map { MiningAnswer($0, folder: folder.path).text })
    }
  }

  /// The configuration of a new run, but for what is noted of its images and its model.
  private func wanted() throws -> MiningConfiguration {
    let settings: MiningSettings
    do throws(PretrainingConfigurationError) { settings = try MiningSettings(options.members) } catch {
      throw ValidationError(error.description)
    }
    var origin = MiningOrigin()
    origin.model = model ?? ""
    origin.data = data ?? ""
    origin.weights = reading.weights
    origin.heads = reading.heads
    origin.decoderHeads = reading.decoderHeads
    origin.nonFinite = allowNonFinite ? .allow : .refuse
    origin.precision = precision ?? origin.precision
    origin.threads = threads ?? Processor.threadCount
    return MiningConfiguration(settings, of: origin)
  }

  /// Where a compressed archive is laid out: beside the results, where there is room for what is large.
  private var spoolFolder: String {
    let folder = URL(fileURLWithPath: out).deletingLastPathComponent().path
    return FileManager.default.fileExists(atPath: folder) ? folder : ImageSetConfiguration().spoolFolder
  }
}
