import Foundation
package import Kernels
import Masking
import Tensors
import VisionModels

/// A pre-training run from its first step, or from where it was interrupted, to its end: batches, steps, metrics, states, checkpoints.
///
/// Blocks, and belongs to the thread of its operations. In float32 and with the same number of threads a run that was killed and resumed
/// ends with the same bits as one that was not.
package final class PretrainingRun<Operations: TrainingOperations> {
  let directory: RunDirectory
  let configuration: PretrainingConfiguration
  let step: PretrainingStep<Operations>
  var state: RunState
  var meter: TrainingMeter
  private let images: ImageSet
  private let stop: StopSignal
  private let progress: ProgressBar
  private let evaluate: EvaluateTeacher?
  private let lines: MetricsLog
  private let events: EventLog
  private var speed: Speed

  /// Initialises the networks, or restores the newest whole state of the run.
  ///
  /// - Parameter images: those to train on, held-back ones left out.
  /// - Parameter targets: the frozen network, where the configuration's targets come from one.
  package init(
    _ directory: RunDirectory, images: ImageSet, operations: Operations, targets: (any TargetFeatures)? = nil, stop: StopSignal,
    progress: ProgressBar, evaluate: EvaluateTeacher?
  ) throws {
    self.directory = directory
    self.images = images
    self.stop = stop
    self.progress = progress
    self.evaluate = evaluate
    configuration = directory.configuration
    step = PretrainingStep(configuration, operations: operations, targets: targets)
    state = RunState()
    let saved = try directory.states.newest { error in progress.say("Going on from an older state: \(error)") }
    if let saved {
      state = saved.state
      try step.restore(from: saved)
    } else {
      step.student.initialise(seed: UInt64(configuration.run.seed))
      step.teacher.copyValues(of: step.student)
    }
    meter = TrainingMeter(state.clocks)
    (lines, events) = try directory.metrics(resumingAfter: state.step)
    speed = Speed()
  }

  /// Trains until all epochs are done, a signal asks to stop, or an error ends the run; the run directory says which.
  package func run() throws -> RunResult {
    do {
      let outcome = try train()
      progress.finish()
      return try directory.end(outcome, step: state.step, epoch: epoch)
    } catch {
      progress.finish()
      // The disk may be what failed: the error itself is what the caller must hear.
      _ = try? directory.end(.failed(reason: "\(error)", cause: (error as? RunError)?.cause), step: state.step, epoch: epoch)
      throw error
    }
  }

  /// The fractional epoch, counted from 0, for given steps an epoch.
  private var epoch: Double { Double(state.epoch) + Double(state.batch) / Double(max(1, stepsPerEpoch)) }

  private var stepsPerEpoch = 0

  private func train() throws -> RunResult.Outcome {
    let (epochs, parts) = (configuration.schedule.epochs, configuration.optimizer.accumulation)
    let loader = try BatchLoader(
      images, transform: configuration.augmentation, configuration: configuration.loader,
      from: BatchPosition(epoch: state.epoch, batch: state.batch * parts), untilEpoch: epochs
    ) { [directory] sentence in try? directory.log.write(sentence) }
    stepsPerEpoch = loader.batchesPerEpoch / parts
    speed.start(step: state.step)
    try directory.log.write(
      state.step == 0
        ? "Training begins: \(images.count) images, \(stepsPerEpoch) steps an epoch, \(epochs) epochs"
        : "Training goes on after step \(state.step)")
    while state.epoch < epochs {
      try takeStep(loader)
      if state.epoch < epochs, let cause = stop.received {
        try saveState()
        try writeCheckpoint()
        try directory.log.write("\(cause.name) received: state and checkpoint are saved; go on with --resume")
        return .interrupted(cause)
      }
    }
    return .finished
  }

  private func takeStep(_ loader: BatchLoader) throws {
    let (epoch, schedule) = (epoch, configuration)
    let alpha = schedule.easyToHard.alpha(epoch: epoch, epochs: schedule.schedule.epochs)
    let rate = schedule.learningRate.rate(epoch: epoch)
    let momentum = schedule.teacherMomentum.momentum(epoch: epoch)
    let parts = schedule.optimizer.accumulation
    for _ in 0..<parts {
      guard let batch = try loader.waitForNext() else { preconditionFailure("the images ended before the run") }
      try learn(from: batch, alpha: alpha)
    }
    let update = try step.update(step: state.step - state.skipped + 1, learningRate: rate, momentum: momentum, expectedParts: parts)
    state.step += 1
    state.batch += 1
    switch update {
    case .taken(let norm):
      meter.add(gradientNorm: norm)
      state.skippedInRow = 0
    case .skipped: try countSkipped()
    }
    let isEpochDone = state.batch == stepsPerEpoch
    if isEpochDone { (state.epoch, state.batch) = (state.epoch + 1, 0) }
    show()
    if state.step % schedule.run.logEverySteps == 0 || isEpochDone {
      try writeMetrics(loader, alpha: alpha, rate: rate, momentum: momentum)
    }
    if isEpochDone {
      try endEpoch()
    } else if schedule.run.stateEverySteps > 0, state.step % schedule.run.stateEverySteps == 0 {
      try saveState()
    }
  }

  private func learn(from batch: ImageBatch, alpha: Double) throws {
    let seeds = batch.indices.map { index in
      SplitMix64.key(seed: SplitMix64.key(seed: UInt64(configuration.run.seed), index: state.epoch), index: index)
    }
    let outcome = try batch.withPixels { pixels in
      try step.accumulate(pixels, masks: step.masks(pixels, alpha: alpha, seeds: seeds), seeds: seeds)
    }
    if outcome.loss.isFinite { meter.add(outcome.reconstructionLoss, outcome.prediction) }
  }

  private func countSkipped() throws {
    state.skipped += 1
    state.skippedInRow += 1
    try directory.log.write("Step \(state.step) is skipped: its loss or its gradient is not finite")
    guard state.skippedInRow > configuration.optimizer.maximumSkipped else { return }
    throw RunError(
      path: directory.path,
      reason:
        "\(state.skippedInRow) steps in a row had a loss or gradient that is not finite; lower the learning rate, or look at the images",
      cause: .nonFinite)
  }

  /// Saves and evaluates after an epoch, in an order that leaves a state for everything written.
  private func endEpoch() throws {
    let every = configuration.evaluation.everyEpochs
    let isLast = state.epoch == configuration.schedule.epochs
    if let evaluate, isLast || (every > 0 && state.epoch % every == 0) {
      let evaluation = try evaluate(step.teacher)
      try append(MetricsRecord(step: state.step, epoch: epoch, phase: .evaluation, metrics: evaluation.metrics))
      if let sheet = evaluation.sheet {
        try directory.replace("contact-sheet-\(CheckpointName(epochs: state.epoch)).png", with: sheet.png)
        try events.append(png: sheet.png, width: sheet.width, height: sheet.height, tag: "evaluation/contact_sheet", step: state.step)
      }
    }
    try writeCheckpoint()
    try saveState()
    try directory.retireCheckpoints()
  }

  private func writeMetrics(_ loader: BatchLoader, alpha: Double, rate: Double, momentum: Double) throws {
    let guided = configuration.drawing(alpha: alpha).guidedCount(of: configuration.grid)
    var metrics: [Metric] = [Metric(.reconstructionLoss, meter.reconstructionLoss)]
    if configuration.loss.predicting != .none {
      metrics += [Metric(.predictingLoss, meter.predictingLoss), Metric(.pairAccuracy, meter.pairAccuracy)]
    }
    metrics += [
      Metric(.learningRate, rate), Metric(.alpha, alpha), Metric(.guidedPatches, Double(guided)), Metric(.teacherMomentum, momentum),
      Metric(.gradientNorm, meter.gradientNorm), Metric(.skippedSteps, Double(state.skipped)),
      Metric(.imagesPerSecond, speed.imagesPerSecond(step: state.step, batchSize: configuration.optimizer.batchSize)),
      Metric(.dataWaitShare, speed.share(of: loader.timeWaited)),
    ]
    try append(MetricsRecord(step: state.step, epoch: epoch, phase: .train, metrics: metrics))
    meter.reset()
  }

  private func append(_ record: MetricsRecord) throws {
    try lines.append(record)
    try events.append(record)
  }

  func saveState() throws {
    try lines.synchronize()
    state.clocks = meter.sums
    try step.save(state, to: directory.states)
  }

  private func show() {
    let steps = configuration.schedule.epochs * stepsPerEpoch
    let rate = speed.imagesPerSecond(step: state.step, batchSize: configuration.optimizer.batchSize)
    let predicts = configuration.loss.predicting != .none
    progress.update(
      ProgressReport(
        step: state.step, steps: steps, epoch: state.epoch, epochs: configuration.schedule.epochs,
        reconstructionLoss: meter.reconstructionLoss, predictingLoss: predicts ? meter.predictingLoss : nil,
        chanceLoss: configuration.loss.predicting == .relative ? log(2) : nil, pairAccuracy: predicts ? meter.pairAccuracy : nil,
        imagesPerSecond: rate, secondsLeft: Double((steps - state.step) * configuration.optimizer.batchSize) / rate))
  }
}

/// How fast this process trains, from its own first step.
private struct Speed {
  private var start = ContinuousClock.now
  private var firstStep = 0

  mutating func start(step: Int) {
    start = .now
    firstStep = step
  }

  private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  func imagesPerSecond(step: Int, batchSize: Int) -> Double { Double((step - firstStep) * batchSize) / seconds }

  func share(of duration: Duration) -> Double { duration / .seconds(1) / seconds }
}
