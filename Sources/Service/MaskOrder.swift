import Images
import Masking

/// The masks that a request asks for, resolved: what an answer repeats and what Masking draws.
struct MaskOrder: Sendable, Hashable {
  let ratio: Double
  let strategy: MaskStrategy
  /// The share of masked patches chosen by predicted loss, for the strategies that have one.
  let alpha: Double?
  let reveal: Double
  let seed: Int
  let count: Int

  /// What `query` asks for under `circumstances`.
  init(_ query: InferenceQuery, _ circumstances: Circumstances) throws(Problem) {
    ratio = query.ratio ?? InferenceQuery.Standard.ratio
    strategy = circumstances.strategy(query)
    alpha = strategy.usesPredictedLoss ? Self.alpha(query) : nil
    reveal = query.reveal ?? InferenceQuery.Standard.reveal
    seed = query.seed ?? InferenceQuery.Standard.seed
    count = query.count ?? InferenceQuery.Standard.count
    guard !strategy.needsScores || circumstances.pixels != .none else {
      throw Problem(
        .imageNeeded, "The strategy \"\(strategy.rawValue)\" ranks the patches of an image, and this request has none.",
        parameter: query.strategy == nil ? nil : "strategy",
        allowed: MaskStrategy.allCases.filter { !$0.needsScores }.map(\.rawValue))
    }
  }

  /// The mask of a grid that is number `index` of its batch, or of its count.
  func mask(rows: Int, columns: Int, scores: PatchMap?, index: Int, patchSize: Int) throws(Problem) -> [UInt8] {
    let drawing = MaskDrawing(
      strategy: strategy, ratio: ratio, alpha: alpha ?? InferenceQuery.Standard.alpha, reveal: reveal,
      seed: UInt64(seed) &+ UInt64(index), patchSize: patchSize)
    do {
      return try drawing.draw(grid: PatchGrid(rows: rows, columns: columns), scores: scores?.values).values
    } catch {
      throw Problem(.impossibleMask, String(describing: error), parameter: "strategy")
    }
  }

  private static func alpha(_ query: InferenceQuery) -> Double {
    guard let epoch = query.epoch, let epochs = query.epochs else { return query.alpha ?? InferenceQuery.Standard.alpha }
    let schedule = EasyToHardSchedule(
      alpha0: query.firstAlpha ?? InferenceQuery.Standard.firstAlpha, alphaT: query.lastAlpha ?? InferenceQuery.Standard.lastAlpha)
    return schedule.alpha(epoch: Double(epoch), epochs: epochs)
  }
}
