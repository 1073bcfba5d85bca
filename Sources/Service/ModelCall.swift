import Images
import Logging

/// Calls to one engine on behalf of one request: groups images by size, keeps time, turns failures into problems.
struct ModelCall: Sendable {
  let engine: any InferenceEngine
  let logger: Logger

  var model: ModelDescription { engine.description }

  /// The predicted loss of every subject, in order.
  func predictLoss(
    _ subjects: [Subject], mode: PredictionMode, draws: Int, timing: inout ServerTiming
  ) async throws(Problem) -> [PatchMap] {
    guard model.hasLossPredictor else {
      throw Problem(.incapableModel, "The model \(model.name) has no loss predictor, so it cannot say which patches are hard.")
    }
    return try await byGrid(subjects) { batch throws(Problem) in
      let answer = try await asked { try await engine.predictLoss(batch, mode: mode, draws: draws) }
      timing.add(answer.times)
      return answer.values
    }
  }

  /// The AttMask scores of every subject, in order.
  func classAttention(_ subjects: [Subject], timing: inout ServerTiming) async throws(Problem) -> [PatchMap] {
    try await byGrid(subjects) { batch throws(Problem) in
      let start = ContinuousClock.now
      let scores = try await asked { try await engine.classAttention(batch) }
      timing.add(StageTimes(queue: 0, compute: (ContinuousClock.now - start) / .seconds(1)))
      return scores
    }
  }

  /// The reconstruction of one subject.
  func reconstruct(_ subject: Subject, ratio: Double, draws: Int, timing: inout ServerTiming) async throws(Problem) -> Reconstruction {
    let batch = PixelBatch(
      count: 1, height: subject.height, width: subject.width, values: subject.values)
    let answer = try await asked { try await engine.reconstruct(batch, ratio: ratio, draws: draws) }
    timing.add(answer.times)
    try check(answer.trueLoss, count: subject.rows * subject.columns)
    return answer
  }

  /// Asks `question` once for each size among the subjects and puts the answers back into the subjects' order.
  private func byGrid(
    _ subjects: [Subject], _ question: (PixelBatch) async throws(Problem) -> [Float]
  ) async throws(Problem) -> [PatchMap] {
    var maps = [PatchMap?](repeating: nil, count: subjects.count)
    let groups = Dictionary(grouping: subjects.indices) { [subjects[$0].height, subjects[$0].width] }
    for (size, members) in groups.sorted(by: { $0.value[0] < $1.value[0] }) {
      let values = members.flatMap { subjects[$0].values }
      let scores = try await question(PixelBatch(count: members.count, height: size[0], width: size[1], values: values))
      let patches = subjects[members[0]].rows * subjects[members[0]].columns
      try check(scores, count: members.count * patches)
      for (position, member) in members.enumerated() {
        let subject = subjects[member]
        maps[member] = PatchMap(
          rows: subject.rows, columns: subject.columns, values: Array(scores[position * patches..<(position + 1) * patches]))
      }
    }
    return maps.compactMap(\.self)
  }

  private func check(_ values: [Float], count: Int) throws(Problem) {
    guard values.count == count, values.allSatisfy(\.isFinite) else {
      logger.error(
        "the model gave numbers that are not finite, or not one a patch",
        metadata: ["model": "\(model.name)", "numbers": "\(values.count)", "patches": "\(count)"])
      throw Problem(.internalFault, "The model \(model.name) gave numbers that are not finite for this request.")
    }
  }

  private func asked<Answer>(_ question: () async throws -> Answer) async throws(Problem) -> Answer {
    do {
      return try await question()
    } catch let failure as InferenceFailure {
      throw Problem(failure)
    } catch is CancellationError {
      throw Problem(.deadline, "The request was abandoned before the model came to it.")
    } catch {
      logger.error("the model failed", metadata: ["model": "\(model.name)", "reason": "\(error)"])
      throw Problem(.internalFault, "The model could not answer; the server's log has the reason under this request's id.")
    }
  }
}

extension Problem {
  /// What a client sees of an engine's refusal.
  init(_ failure: InferenceFailure) {
    switch failure {
    case .queueFull(let seconds):
      self.init(.queueFull, "More images are waiting than the server admits.", retryAfter: max(seconds, 1))
    case .leaving: self.init(.draining, "The model is being taken out of service.", retryAfter: 1)
    case .unsupported(let reason): self.init(.incapableModel, reason)
    }
  }
}

extension ServerTiming {
  mutating func add(_ times: StageTimes) {
    add(times.queue, to: .queue)
    add(times.compute, to: .compute)
  }
}
