import Checkpoints
import Foundation
import Images
package import Kernels
import Masking
package import Training
import VisionModels

/// Scores every image of a set with a model, from the first or from where an earlier process was interrupted, and writes the results into a
/// run's folder:
///
/// | name | what |
/// | --- | --- |
/// | `images.csv` | a line an image: rank, path, class, size, losses, correlation |
/// | `true_loss.npy`, `predicted_loss.npy` | float32 `[n, rows, columns]`, in the order of `images.csv` |
/// | `masks.npy` | uint8, the same shape, 1 = hidden |
/// | `skipped.csv` | the images that could not be read |
/// | `gallery.html` | the hardest and the easiest images, to be looked at |
/// | `summary.json` | what was done, and the figures of the whole |
/// | `state/` | what a resumed run needs |
///
/// and what every ``RunFolder`` has. Memory is bounded whatever the set's size, but for the paths of the images and twelve bytes each, from
/// which they are ranked at the end. Blocks, and belongs to the thread of its operations. With the same number of threads a run that was
/// killed and resumed writes the same results as one that was not.
package final class MiningRun<Operations: OperationSet> {
  let folder: RunFolder
  let configuration: MiningConfiguration
  let regime: MiningRegime
  let images: ImageSet
  let frame: MiningFrame
  let results: MiningResults
  let weights: String
  /// What a finished run found.
  package internal(set) var summary: MiningSummary?
  private let scoring: PatchScoring<Operations>
  private let stop: StopSignal
  private let progress: ProgressBar
  private let metrics: MetricsLog
  private var pace: Pace

  /// Loads the model and restores the state of the run, if it has one.
  ///
  /// - Parameter images: of the configuration's origin.
  /// - Parameter checkpoint: of the configuration's origin, too.
  package init(
    _ folder: RunFolder, _ configuration: MiningConfiguration, images: ImageSet, checkpoint: EvaluatedCheckpoint, operations: Operations,
    stop: StopSignal, progress: ProgressBar
  ) throws {
    self.folder = folder
    self.configuration = configuration
    self.images = images
    self.stop = stop
    self.progress = progress
    regime = try MiningRegime(configuration.settings, of: checkpoint)
    weights = checkpoint.weights.rawValue
    let patchSize = checkpoint.configuration.patchSize
    frame = MiningFrame(frame: ModelFrame(size: checkpoint.imageSize, fit: configuration.settings.fit), patchSize: patchSize)
    scoring = try PatchScoring(checkpoint.model(operations), targets: checkpoint.targets, regime)
    results = try MiningResults(folder, grid: checkpoint.configuration.grid)
    metrics = try folder.metrics(resumingAfter: results.state.step)
    pace = Pace(step: results.state.step)
  }

  /// Scores until all images are done, a signal asks to stop, or an error ends the run; the run's folder says which.
  package func run() throws -> RunResult {
    do {
      let outcome = try mine()
      progress.finish()
      return try folder.end(outcome, step: results.state.step, epoch: share)
    } catch {
      progress.finish()
      // The disk may be what failed: the error itself is what the caller must hear.
      _ = try? folder.end(.failed(reason: "\(error)", cause: (error as? RunError)?.cause), step: results.state.step, epoch: share)
      throw error
    }
  }

  /// Done of all: what followers see as the part of one epoch.
  private var share: Double { Double(results.state.step) / Double(images.count) }

  private func mine() throws -> RunResult.Outcome {
    let step = results.state.step
    try folder.log.write(step == 0 ? "Mining begins: \(images.count) images" : "Mining goes on after \(step) of \(images.count) images")
    let reader = OrderedImageReader(images, as: frame, from: step, threads: configuration.origin.threads)
    while let (index, reading) = reader.next() {
      try take(reading, index)
      try tell()
      if results.state.step < images.count, let cause = stop.received {
        try save()
        try folder.log.write("\(cause.name) received: what is done is saved; go on with --resume")
        return .interrupted(cause)
      }
      if pace.isTimeToSave { try save() }
    }
    try save()
    try end()
    try folder.log.write("\(results.state.rows) images are ranked, \(results.state.skipped) were left out")
    return .finished
  }

  private func take(_ reading: OrderedImageReader.Reading, _ index: Int) throws {
    let path = images.path(of: index)
    switch reading {
    case .image(let image):
      let scores = try scoring.score(image.values, row: results.state.rows)
      guard scores.trueLoss.allSatisfy(\.isFinite), scores.predictedLoss.allSatisfy(\.isFinite) else {
        throw EvaluationError.lossNotFinite(path)
      }
      try results.add(scores, of: MiningResults.Origin(index: index, width: image.width, height: image.height))
    case .unreadable(let reason):
      try results.skip(path, reason: reason)
      try say("An image is left out: \(path): \(reason)")
      let allowed = Int(Double(images.count) * configuration.settings.maximumUnreadableShare)
      guard results.state.skipped <= allowed else {
        throw LoadingError.tooManyUnreadable(
          failed: results.state.skipped, images: images.count, allowed: allowed, last: "\(path): \(reason)")
      }
    }
  }

  private func say(_ sentence: String) throws {
    try folder.log.write(sentence)
    progress.say(sentence)
  }

  /// Shows where the run is, and writes a line of metrics at steps that depend on nothing but the number of images: a resumed run writes
  /// the same lines again.
  private func tell() throws {
    let (state, rate) = (results.state, pace.imagesPerSecond(step: results.state.step))
    progress.update(
      ProgressReport(
        step: state.step, steps: images.count, reconstructionLoss: state.meanLoss, imagesPerSecond: rate,
        secondsLeft: Double(images.count - state.step) / rate))
    let interval = min(256, max(1, images.count / 200))
    guard state.step % interval == 0 || state.step == images.count else { return }
    try metrics.append(
      MetricsRecord(
        step: state.step, epoch: share, phase: .mining,
        metrics: [
          Metric(.reconstructionLoss, state.meanLoss), Metric(.skippedImages, Double(state.skipped)), Metric(.imagesPerSecond, rate),
        ]))
  }

  private func save() throws {
    try metrics.synchronize()
    try results.save()
    pace.saved()
  }
}

/// How fast this process is, from its own first image, and when it last saved.
private struct Pace {
  private let start = ContinuousClock.now
  private let firstStep: Int
  private var lastSave = ContinuousClock.now

  private static let betweenSaves = Duration.seconds(1)

  init(step: Int) { firstStep = step }

  var isTimeToSave: Bool { ContinuousClock.now - lastSave >= Self.betweenSaves }

  mutating func saved() { lastSave = .now }

  func imagesPerSecond(step: Int) -> Double { Double(step - firstStep) / ((ContinuousClock.now - start) / .seconds(1)) }
}
