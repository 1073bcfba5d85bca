import ArgumentParser
import Checkpoints
import Evaluation
import Foundation
import Images
import Kernels
import Training

/// `hpm evaluate predictor`: predicted losses against true ones (HPM, figure 2), beside rankers that need no model.
struct EvaluatePredictorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predictor", abstract: "Compare predicted losses with true ones, and with rankers that need no model.",
    discussion: """
      The true loss of a patch is its reconstruction loss averaged over random masks. It is compared with what the loss predictor says at \
      the patches a mask hides, mask by mask (hidden_patches), averaged over draws (masked_average) and with all patches visible \
      (full_visible), and with patch variance, gradient energy and the centre prior. Figures are means over images, ± the standard error. \
      SET is a folder of images at any depth, an archive (tar, tar.gz, zip), ARCHIVE!FOLDER, or a list with a path on each line.
      """)

  @OptionGroup var checkpoint: CheckpointOptions

  @Option(help: ArgumentHelp("The images.", valueName: "SET"))
  var data: String

  @Option(help: "How many images, drawn by chance; all where it is left out.")
  var images: Int?

  @Option(help: "Seed of the random masks, and of the images where not all are taken.")
  var seed = 0

  @Option(help: "Random masks over which the true loss is averaged.")
  var masks = PredictorSettings().masks

  @Option(help: "Draws of mode masked_average.")
  var draws = PredictorSettings().draws

  @Option(help: "Share of the patches that a mask hides; the model's own, else 0.75, where it is left out.")
  var ratio: Double?

  @Option(
    help: ArgumentHelp("A picture of the first images: input, true loss, predicted losses, masked, reconstruction.", valueName: "FILE.png"))
  var sheet: String?

  @Option(help: "Images in that picture.")
  var sheetImages = 8

  func validate() throws {
    guard (images ?? 1) > 0, masks > 0, draws > 0, sheetImages > 0 else {
      throw ValidationError("--images, --masks, --draws and --sheet-images are whole numbers from 1.")
    }
    guard seed >= 0 else { throw ValidationError("--seed is \(seed), but must be a whole number from 0.") }
    if let ratio, !(ratio > 0 && ratio < 1) { throw ValidationError("--ratio is \(ratio), but must be between 0 and 1.") }
  }

  func run() async throws {
    let opened = try checkpoint.open()
    let settings = PredictorSettings(
      masks: masks, draws: draws, ratio: ratio ?? opened.maskRatio ?? PredictorSettings().ratio, seed: UInt64(seed))
    let frame = ModelFrame(size: opened.imageSize, fit: checkpoint.fit)
    let stream = ImageStream(try chosenImages(), as: frame, threads: checkpoint.threads) { StandardError.say($0) }
    let (precision, threads, sheetRows) = (checkpoint.precision, checkpoint.threads, sheet == nil ? 0 : sheetImages)
    let (report, picture) = try await ComputeThread().run {
      let model = try opened.model(OneDNNOperations(precision: precision, threads: threads))
      let evaluation = try PredictorEvaluation(model, targets: opened.targets, settings)
      let progress = ProgressLine(total: stream.images.count)
      defer { progress.finish() }
      var report = PredictorReport()
      var sheet = ContactSheet()
      try evaluation.examine(stream) { image in
        report.add(image)
        if sheet.rowCount < sheetRows { sheet.add(image) }
        progress.advance()
      }
      return (report, sheet.picture)
    }
    if let sheet, let picture { try Self.save(PNGEncoder.encode(picture), sheet) }
    let printed = PredictorAnswer(report, settings, weights: opened.weights.rawValue)
    print(checkpoint.json ? printed.json : printed.text, terminator: "")
  }

  private func chosenImages() throws -> ImageSet {
    let all = try ImageSet.open(data)
    guard let images, images < all.count else { return all }
    return all.subset(try RandomSplit(of: all.count, holdingBack: .count(images), seed: UInt64(seed)).heldBack)
  }

  private static func save(_ bytes: [UInt8], _ path: String) throws {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch { throw CommandFailure("\(path) cannot be written: \(error.localizedDescription)") }
  }
}
