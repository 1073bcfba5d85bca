package import Kernels
package import Masking
import Tensors
package import VisionModels

/// One step of Hard Patches Mining (Wang et al., 2023, Algorithm 1): the teacher predicts losses, they decide what is masked, the student
/// learns to reconstruct and to predict, the teacher follows.
///
/// Belongs to the thread of its operations. After the first step of a batch size no further tensor memory is allocated.
package final class PretrainingStep<Operations: TrainingOperations> {
  package let student: NetworkParameters
  package let teacher: NetworkParameters
  private let configuration: PretrainingConfiguration
  private let operations: Operations
  private let studentPass: StudentPass<Operations>
  private let teacherPass: TeacherPass<Operations>
  private let targets: (any TargetFeatures)?
  private var arena = ActivationArena()
  private var parts = 0

  /// Networks of the configuration, their numbers zero until they are initialised or loaded.
  ///
  /// - Parameter targets: the frozen network, where `target.kind` asks for one.
  package init(_ configuration: PretrainingConfiguration, operations: Operations, targets: (any TargetFeatures)? = nil) {
    precondition(configuration.target.kind.isFrozen == (targets != nil), "targets \(configuration.target.kind), frozen: \(targets != nil)")
    self.configuration = configuration
    self.operations = operations
    self.targets = targets
    let network = configuration.modelConfiguration
    let featureWidth = targets?.width ?? network.encoder.width
    let table = ParameterTable(
      network, outputWidth: configuration.target.kind == .pixels ? network.patchLength : featureWidth,
      lossPredictor: configuration.loss.predicting == .none ? .absent : .present,
      secondaryMask: configuration.mask.secondaryRatio > 0 ? .present : .absent)
    student = NetworkParameters(network, table: table, contents: [.gradients, .moments])
    teacher = NetworkParameters(network, table: table, contents: [])
    studentPass = StudentPass(student, operations: operations)
    teacherPass = TeacherPass(teacher, operations: operations)
  }

  /// Bytes of activations held between steps.
  package var activationBytes: Int { arena.byteCount }

  // MARK: What is masked

  /// The masks of a batch: image b is drawn with `seeds[b]`.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised.
  /// - Parameter alpha: the share of the masked patches that predicted losses decide.
  package func masks(_ pixels: borrowing Span<Float>, alpha: Double, seeds: [UInt64]) throws -> [PatchMask] {
    let scores = try scores(pixels, alpha: alpha, images: seeds.count)
    let grid = configuration.grid
    var drawing = configuration.drawing(alpha: alpha)
    if scores == nil, drawing.strategy.usesPredictedLoss { drawing.strategy = .random }  // guided at α = 0 is random
    return try seeds.enumerated().map { image, seed in
      drawing.seed = seed
      return try drawing.draw(grid: grid, scores: scores.map { Array($0[image * grid.count..<(image + 1) * grid.count]) })
    }
  }

  /// One number a patch, `B · L`, for a strategy that goes by them; `nil` where chance alone decides, and nothing need be computed.
  private func scores(_ pixels: borrowing Span<Float>, alpha: Double, images: Int) throws -> [Float]? {
    guard configuration.drawing(alpha: alpha).needsScores(for: configuration.grid) else { return nil }
    return try eachPart(pixels, images: images) { part, images in
      if configuration.mask.strategy == .attention {
        let attention = try teacherPass.classAttention(part, images: images, arena: &arena)
        return configuration.mask.attentionVariant == .low ? attention.map { -$0 } : attention
      }
      switch configuration.mask.teacherView {
      case .fullVisible: return try teacherPass.predictLoss(part, .all(of: configuration.grid, images: images), arena: &arena)
      case .maskedAverage: return try maskedAverages(part, images: images)
      }
    }
  }

  /// Predictions at hidden patches, averaged over masks that together hide every patch equally often.
  private func maskedAverages(_ pixels: borrowing Span<Float>, images: Int) throws -> [Float] {
    let patches = configuration.grid.count
    var averages = [MaskedAverage](repeating: MaskedAverage(patches: patches), count: images)
    for mask in try BalancedDraws.masks(grid: configuration.grid, ratio: configuration.mask.ratio, draws: configuration.mask.teacherViews) {
      let masks = [PatchMask](repeating: mask, count: images)
      let predicted = try teacherPass.predictLoss(pixels, VisiblePatches(of: masks), arena: &arena)
      for image in 0..<images { averages[image].add(predicted[image * patches..<(image + 1) * patches], under: mask) }
    }
    return averages.flatMap(\.means)
  }

  /// Calls `body` on as many images at a time as keep the teacher's activations in the processor's caches.
  private func eachPart(
    _ pixels: borrowing Span<Float>, images: Int, _ body: (borrowing Span<Float>, Int) throws -> [Float]
  ) throws -> [Float] {
    let imageLength = pixels.count / images
    let perPart = max(1, Self.tokensPerPart / (1 + configuration.grid.count))
    var results: [Float] = []
    for first in stride(from: 0, to: images, by: perPart) {
      let last = min(images, first + perPart)
      results += try body(pixels.extracting(first * imageLength..<last * imageLength), last - first)
    }
    return results
  }

  private static var tokensPerPart: Int { 1600 }

  // MARK: What is learned

  /// What the student made of a batch.
  package struct Outcome: Sendable {
    /// Of every masked patch, `B · M`, images one after another, raster order within one.
    package let reconstructionLosses: [Float]
    /// Their mean.
    package let reconstructionLoss: Double
    /// What the loss predictor said and was told; `nil` without one.
    package let prediction: PredictingLoss.Value?

    /// Reconstruction and predicting loss, each of weight one (HPM, eq. 2).
    package var loss: Double { reconstructionLoss + (prediction?.loss ?? 0) }
  }

  /// Reconstructs under `masks`, one an image, and adds to the student's gradients; nothing is added where the loss is not finite.
  ///
  /// - Parameter seeds: one an image; secondary masking draws with them.
  package func accumulate(_ pixels: borrowing Span<Float>, masks: [PatchMask], seeds: [UInt64] = []) throws -> Outcome {
    arena.reset()
    let visible = VisiblePatches(of: masks).replacing(configuration.mask.secondaryRatio, seeds: seeds)
    let target = try target(pixels, visible)
    let output = try studentPass.forward(pixels, visible, arena: &arena)
    let losses = arena.matrix(rows: target.rows, columns: 1)
    let gradient = arena.matrix(rows: target.rows, columns: target.columns, type: operations.activationType)
    if configuration.target.kind == .pixels {
      operations.squaredError(output.reconstruction, target: target, losses: losses, into: gradient)
    } else {
      operations.directionError(output.reconstruction, target: target, losses: losses, into: gradient)
    }
    let truth = losses.floats
    let prediction = output.predictedLoss.map { predicted in
      configuration.loss.predicting.value(
        predicted: predicted.floats, truth: truth, images: visible.images, logarithm: configuration.loss.epsLog ? .epsilon : .exact)
    }
    let outcome = Outcome(
      reconstructionLosses: truth, reconstructionLoss: truth.reduce(0.0) { $0 + Double($1) } / Double(max(1, truth.count)),
      prediction: prediction)
    guard outcome.loss.isFinite else { return outcome }
    let predictedGradient = prediction.map { value in
      let matrix = arena.matrix(rows: target.rows, columns: 1)
      matrix.fill(from: value.gradient)
      return matrix
    }
    try studentPass.backward(
      reconstruction: gradient, predictedLoss: predictedGradient, parts == 0 ? .store : .add, arena: &arena)
    parts += 1
    return outcome
  }

  /// What the hidden patches should become, float32 `[B · M, width]`.
  private func target(_ pixels: borrowing Span<Float>, _ visible: VisiblePatches) throws -> Matrix {
    let network = configuration.modelConfiguration
    let hidden = visible.hiddenSelection(network)
    switch configuration.target.kind {
    case .pixels:
      let target = arena.matrix(rows: hidden.patches.count, columns: network.patchLength)
      operations.gatherTargets(
        pixels, hidden, configuration.target.normPix ? .standardisedPerPatch : .plain, into: target)
      return target
    case .ema:
      let target = arena.matrix(rows: hidden.patches.count, columns: network.encoder.width)
      let start = arena.mark
      let tokens = try teacherPass.encode(pixels, .all(of: visible.grid, images: visible.images), arena: &arena)
      let hiddenTokens = arena.matrix(rows: target.rows, columns: target.columns, type: tokens.type)
      operations.gatherRows(tokens, rows: visible.hiddenTokenRows, into: hiddenTokens)
      operations.convert(hiddenTokens, into: target)
      arena.rewind(to: start)
      return target
    case .dino, .clip:
      guard let targets else { preconditionFailure("features of no network") }
      let target = arena.matrix(rows: hidden.patches.count, columns: targets.width)
      let features = try targets.features(pixels, grid: visible.grid, images: visible.images)
      operations.gatherRows(features, rows: visible.hiddenTokenRows, into: target)
      return target
    }
  }

  /// Why an optimizer step was not taken.
  package enum Update: Equatable, Sendable {
    /// Taken; `gradientNorm` is that before clipping.
    case taken(gradientNorm: Double)
    /// A loss or a gradient was not finite; neither student nor teacher has changed.
    case skipped
  }

  /// One optimizer step with the mean of the gradients accumulated since the last, then the teacher's.
  ///
  /// - Parameter step: the steps taken so far, this one included.
  /// - Parameter expectedParts: how many parts a whole batch has; with fewer (a loss was not finite) the step is skipped.
  package func update(step: Int, learningRate: Double, momentum: Double, expectedParts: Int = 1) throws -> Update {
    defer { parts = 0 }
    let norm = try operations.gradientNorm(student.arena) / Double(expectedParts)
    guard parts == expectedParts, norm.isFinite else {
      student.arena.resetGradients()
      return .skipped
    }
    let optimizer = configuration.optimizer
    let clip = optimizer.clipNorm.map { min(1, $0 / (norm + Self.clipFloor)) } ?? 1
    let table = student.table
    operations.adamW(
      student.arena,
      groups: [
        ParameterGroup(range: 0..<table.decayedCount, learningRate: learningRate, weightDecay: optimizer.weightDecay),
        ParameterGroup(range: table.decayedCount..<table.count, learningRate: learningRate, weightDecay: 0),
      ],
      AdamWStep(
        firstDecay: optimizer.beta1, secondDecay: optimizer.beta2, epsilon: optimizer.epsilon, step: step,
        gradientScale: clip / Double(expectedParts)),
      average: MovingAverage(arena: teacher.arena, momentum: momentum))
    return .taken(gradientNorm: norm)
  }

  /// What PyTorch's clipping adds to the norm.
  private static var clipFloor: Double { 1e-6 }
}

extension PretrainingConfiguration {
  /// How a step draws its masks; the seed is each image's own.
  func drawing(alpha: Double) -> MaskDrawing {
    MaskDrawing(
      strategy: mask.strategy, ratio: mask.ratio, alpha: min(1, max(0, alpha)),
      reveal: mask.attentionVariant == .hint ? mask.attentionReveal : 0, patchSize: model.patchSize)
  }
}
