package import Checkpoints
import Dispatch
package import Kernels
import Masking
import VisionModels

/// A checkpoint on this machine's processors: the seam's one real engine.
///
/// All engines of a process share a compute thread, which alone touches their networks.
package final class VisionModelEngine: InferenceEngine {
  package let description: ModelDescription
  private let thread: ComputeThread
  private let network: Network
  /// Tokens that one pass takes before it leaves the cores' caches.
  private let tokensPerPass: Int

  /// How a checkpoint is to be read and run.
  package struct Options: Sendable {
    package var precision: Precision
    package var threads: Int
    /// Heads of the encoder and of the decoders, where the file does not tell.
    package var heads: Int?
    package var decoderHeads: Int?
    package var weights: Checkpoint.WeightChoice
    package var nonFinite: Checkpoint.NonFinitePolicy

    package init(
      precision: Precision = .float32, threads: Int = Processor.threadCount, heads: Int? = nil, decoderHeads: Int? = nil,
      weights: Checkpoint.WeightChoice = .automatic, nonFinite: Checkpoint.NonFinitePolicy = .refuse
    ) {
      self.precision = precision
      self.threads = threads
      self.heads = heads
      self.decoderHeads = decoderHeads
      self.weights = weights
      self.nonFinite = nonFinite
    }
  }

  /// Whether a file is a model that can be served, which needs no memory for its weights but reads all of them.
  ///
  /// - Throws: ``CheckpointError`` that says why it is not.
  package static func check(_ path: String, _ options: Options) throws(CheckpointError) {
    let checkpoint = try Checkpoint.open(path, weights: options.weights, nonFinite: options.nonFinite)
    let architecture = try CheckpointArchitecture(of: checkpoint, heads: options.heads, decoderHeads: options.decoderHeads)
    guard ModelConfiguration(architecture, of: checkpoint) != nil else {
      throw CheckpointError(path: path, reason: "its \(architecture.patchCount) patches make no square grid")
    }
    let survey = try CheckpointSurvey(of: checkpoint, heads: options.heads, decoderHeads: options.decoderHeads)
    if let entry = survey.entries.first(where: { $0.nonFiniteCount > 0 }), case .refuse = options.nonFinite {
      throw CheckpointError(path: path, reason: "the tensor \(entry.name) holds \(entry.nonFiniteCount) numbers that are not finite")
    }
  }

  /// Opens, checks, loads and warms a model; its digest is taken meanwhile on another thread.
  package static func load(_ file: ModelFile, _ options: Options, on thread: ComputeThread) async throws -> VisionModelEngine {
    async let digest = FileDigest.sha256(awaiting: file.path)
    let checkpoint = try Checkpoint.open(file.path, weights: options.weights, nonFinite: options.nonFinite)
    let architecture = try CheckpointArchitecture(of: checkpoint, heads: options.heads, decoderHeads: options.decoderHeads)
    guard let configuration = ModelConfiguration(architecture, of: checkpoint) else {
      throw CheckpointError(path: file.path, reason: "its \(architecture.patchCount) patches make no square grid")
    }
    let (network, tokensPerPass) = try await thread.run {
      let network = try Network(checkpoint, architecture, configuration, options, on: thread)
      return (network, network.model.tokensPerPass)
    }
    let description = ModelDescription(
      file, checkpoint, architecture, configuration, options.precision, sha256: try await digest)
    return VisionModelEngine(description, thread, network, tokensPerPass)
  }

  /// The network goes on the thread that it belongs to, and its memory back to the system.
  deinit {
    let (thread, network) = (thread, network)
    Task.detached {
      try? await thread.run { withExtendedLifetime(network) {} }
      FreeMemory.giveBack()
    }
  }

  private init(_ description: ModelDescription, _ thread: ComputeThread, _ network: Network, _ tokensPerPass: Int) {
    self.description = description
    self.thread = thread
    self.network = network
    self.tokensPerPass = tokensPerPass
  }

  package func predictLoss(_ pixels: PixelBatch, mode: PredictionMode, draws: Int) async throws -> PredictedLoss {
    let (grid, ratio) = (grid(of: pixels), description.trainingMaskRatio ?? Self.standardRatio)
    guard description.hasLossPredictor else { throw InferenceFailure.unsupported("The model has no loss predictor.") }
    let (values, times) = try await timed { model in
      switch mode {
      case .fullVisible: try model.fullVisibleMaps(pixels.values, grid: grid)
      case .maskedAverage: try model.maskedAverageMaps(pixels.values, masks: Self.masks(grid, ratio, draws))
      }
    }
    return PredictedLoss(rows: grid.rows, columns: grid.columns, values: values, times: times)
  }

  package func classAttention(_ pixels: PixelBatch) async throws -> [Float] {
    let grid = grid(of: pixels)
    return try await timed { try $0.classAttention(pixels.values.span, grid: grid, images: pixels.count) }.value
  }

  package func latent(_ pixels: PixelBatch) async throws -> [Float] {
    let grid = grid(of: pixels)
    return try await timed { try $0.encode(pixels.values.span, .all(of: grid, images: pixels.count)) }.value
  }

  package func imagesPerPass(rows: Int, columns: Int) -> Int { max(1, tokensPerPass / (1 + rows * columns)) }

  package func reconstruct(_ pixels: PixelBatch, ratio: Double, draws: Int) async throws -> Reconstruction {
    guard description.hasReconstructor else { throw InferenceFailure.unsupported("The model has no decoder that predicts pixels.") }
    let (grid, hasPredictor, network) = (grid(of: pixels), description.hasLossPredictor, network)
    let targets = network.targets
    let masks = try Self.masks(grid, ratio, draws)
    let (result, times) = try await timed { model in
      try model.loadReconstructor(reading: network.parameters)
      let figure = try model.figure(of: pixels.values, masks: masks, targets: targets)
      return (figure, hasPredictor ? try model.fullVisibleMaps(pixels.values, grid: grid) : nil)
    }
    return Reconstruction(
      rows: grid.rows, columns: grid.columns, trueLoss: result.0.trueLoss, fullVisible: result.1, maskedAverage: result.0.maskedAverage,
      mask: masks[0].values, pixels: result.0.pixels, times: times)
  }

  /// The mask ratio that the mode `masked_average` reads a model at whose file does not tell its own.
  private static let standardRatio = 0.75

  private static func masks(_ grid: PatchGrid, _ ratio: Double, _ draws: Int) throws -> [PatchMask] {
    do {
      return try BalancedDraws.masks(grid: grid, ratio: ratio, draws: draws)
    } catch { throw InferenceFailure.unsupported("The masks cannot be drawn: \(error.description).") }
  }

  private func grid(of pixels: PixelBatch) -> PatchGrid {
    PatchGrid(rows: pixels.height / description.patchSize, columns: pixels.width / description.patchSize)
  }

  /// Does `body` on the compute thread; how long it waited for it, and how long it took.
  private func timed<Value: Sendable>(
    _ body: @escaping @Sendable (HardPatchModel<OneDNNOperations>) throws -> Value
  ) async throws -> (value: Value, times: StageTimes) {
    let asked = DispatchTime.now()
    let network = network
    return try await thread.run {
      let begun = DispatchTime.now()
      let value = try body(network.model)
      let ended = DispatchTime.now()
      return (value, StageTimes(queue: Self.seconds(asked, begun), compute: Self.seconds(begun, ended)))
    }
  }

  private static func seconds(_ from: DispatchTime, _ to: DispatchTime) -> Double {
    Double(to.uptimeNanoseconds - from.uptimeNanoseconds) / 1e9
  }
}

/// What the compute thread alone may touch, once it has made it.
private final class Network: @unchecked Sendable {  // confined to the compute thread, which runs one order at a time
  let model: HardPatchModel<OneDNNOperations>
  let parameters: CheckpointParameters
  let targets: PixelTargets

  init(
    _ checkpoint: Checkpoint, _ architecture: CheckpointArchitecture, _ configuration: ModelConfiguration,
    _ options: VisionModelEngine.Options, on thread: ComputeThread
  ) throws {
    parameters = CheckpointParameters(checkpoint)
    targets = PixelTargets(of: checkpoint)
    let operations = try OneDNNOperations(precision: options.precision, threads: options.threads)
    model = try HardPatchModel(
      configuration, lossPredictorRows: architecture.lossPredictorRows,
      reading: ConsiderateParameters(parameters, on: thread), operations: operations)
    guard architecture.lossPredictorRows != nil else { return }
    let blank = [Float](repeating: 0, count: configuration.grid.count * configuration.patchLength)
    _ = try model.predictLoss(blank.span, .all(of: configuration.grid, images: 1))
  }
}

extension ModelDescription {
  /// What the checkpoint and its shapes tell.
  fileprivate init(
    _ file: ModelFile, _ checkpoint: Checkpoint, _ architecture: CheckpointArchitecture, _ configuration: ModelConfiguration,
    _ precision: Kernels.Precision, sha256: String
  ) {
    self.init(
      name: file.name, version: file.version, sha256: sha256, weights: Weights(rawValue: checkpoint.weights.rawValue) ?? .plain,
      precision: ModelDescription.Precision(rawValue: precision.rawValue) ?? .float32,
      architecture: architecture.name, parameters: architecture.parameterCount, patchSize: architecture.patchSize,
      imageHeight: configuration.grid.rows * architecture.patchSize, imageWidth: configuration.grid.columns * architecture.patchSize,
      width: configuration.encoder.width,
      hasLossPredictor: architecture.lossPredictorRows != nil,
      hasReconstructor: architecture.predictsPixels && checkpoint.targetsPixels,
      defaultMode: checkpoint.metadataValue("mode").flatMap(PredictionMode.init(rawValue:)) ?? .fullVisible,
      trainingMaskRatio: checkpoint.trainingMaskRatio,
      comparableAcrossImages: checkpoint.metadataValue("predicting_loss") == "absolute_raw", metadata: checkpoint.metadata)
  }
}
