/// What a model is asked about images of one size; images under the same question may be computed in one pass.
struct Question: Sendable, Hashable {
  /// What is wanted of each image.
  enum Matter: Sendable, Hashable {
    case predictedLoss(mode: PredictionMode, draws: Int)
    case classAttention
    case latent
    case reconstruction(ratio: Double, draws: Int)
  }

  let matter: Matter
  /// Sides in pixels.
  let height, width: Int

  /// Whether several images gain by going together: a masked average and a reconstruction fill passes with one image's draws.
  var isShared: Bool {
    switch matter {
    case .predictedLoss(let mode, _): mode == .fullVisible
    case .classAttention, .latent: true
    case .reconstruction: false
    }
  }
}

/// What a model says to a ``Question``, and where the time went.
struct Finding: Sendable {
  enum Content: Sendable {
    /// As many numbers an image as there are patches (or tokens times width), images outermost.
    case values([Float])
    case reconstruction(Reconstruction)
  }

  let content: Content
  let times: StageTimes
}

extension InferenceEngine {
  /// Answers `question` about `pixels`.
  func find(_ question: Question, _ pixels: PixelBatch) async throws -> Finding {
    switch question.matter {
    case .predictedLoss(let mode, let draws):
      let answer = try await predictLoss(pixels, mode: mode, draws: draws)
      return Finding(content: .values(answer.values), times: answer.times)
    case .classAttention: return try await timed { .values(try await classAttention(pixels)) }
    case .latent: return try await timed { .values(try await latent(pixels)) }
    case .reconstruction(let ratio, let draws):
      let answer = try await reconstruct(pixels, ratio: ratio, draws: draws)
      return Finding(content: .reconstruction(answer), times: answer.times)
    }
  }

  /// How many images one pass of `question` takes.
  func bound(_ question: Question) -> Int {
    guard question.isShared else { return 1 }
    return max(1, imagesPerPass(rows: question.height / description.patchSize, columns: question.width / description.patchSize))
  }

  private func timed(_ body: () async throws -> Finding.Content) async throws -> Finding {
    let start = ContinuousClock.now
    let content = try await body()
    return Finding(content: content, times: StageTimes(queue: 0, compute: (ContinuousClock.now - start) / .seconds(1)))
  }
}
