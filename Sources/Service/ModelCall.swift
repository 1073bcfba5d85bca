import Images
import Logging

/// Questions to one model on behalf of one request: groups images by size, keeps time, turns failures into problems.
struct ModelCall: Sendable {
  let reception: Reception
  let logger: Logger

  var model: ModelDescription { reception.model.description }

  /// The predicted loss of every subject, in order.
  func predictLoss(
    _ subjects: [Subject], mode: PredictionMode, draws: Int, timing: inout ServerTiming
  ) async throws(Problem) -> [PatchMap] {
    guard model.hasLossPredictor else {
      throw Problem(.incapableModel, "The model \(model.name) has no loss predictor, so it cannot say which patches are hard.")
    }
    return try await byGrid(subjects, .predictedLoss(mode: mode, draws: draws), timing: &timing)
  }

  /// The AttMask scores of every subject, in order.
  func classAttention(_ subjects: [Subject], timing: inout ServerTiming) async throws(Problem) -> [PatchMap] {
    try await byGrid(subjects, .classAttention, timing: &timing)
  }

  /// The encoder's tokens of subjects of one size, (n, 1 + L, D).
  func latent(_ subjects: [Subject], timing: inout ServerTiming) async throws(Problem) -> [Float] {
    let grid = try subjects.commonGrid(\.rows, \.columns)
    let batch = PixelBatch(
      count: subjects.count, height: subjects[0].height, width: subjects[0].width, values: subjects.flatMap(\.values))
    return try await values(.latent, batch, count: subjects.count * (1 + grid.reduce(1, *)) * model.width, timing: &timing)
  }

  /// The reconstruction of one subject.
  func reconstruct(_ subject: Subject, ratio: Double, draws: Int, timing: inout ServerTiming) async throws(Problem) -> Reconstruction {
    let batch = PixelBatch(
      count: 1, height: subject.height, width: subject.width, values: subject.values)
    let answer = try await find(.reconstruction(ratio: ratio, draws: draws), batch, timing: &timing)
    guard case .reconstruction(let reconstruction) = answer else { throw Problem(.internalFault, "The model gave no reconstruction.") }
    try check(reconstruction.trueLoss, count: subject.rows * subject.columns)
    return reconstruction
  }

  /// Asks once for each size among the subjects and puts the answers back into the subjects' order.
  private func byGrid(
    _ subjects: [Subject], _ matter: Question.Matter, timing: inout ServerTiming
  ) async throws(Problem) -> [PatchMap] {
    var maps = [PatchMap?](repeating: nil, count: subjects.count)
    let groups = Dictionary(grouping: subjects.indices) { [subjects[$0].height, subjects[$0].width] }
    for (size, members) in groups.sorted(by: { $0.value[0] < $1.value[0] }) {
      let batch = PixelBatch(count: members.count, height: size[0], width: size[1], values: members.flatMap { subjects[$0].values })
      let patches = subjects[members[0]].rows * subjects[members[0]].columns
      let scores = try await values(matter, batch, count: members.count * patches, timing: &timing)
      for (position, member) in members.enumerated() {
        let subject = subjects[member]
        maps[member] = PatchMap(
          rows: subject.rows, columns: subject.columns, values: Array(scores[position * patches..<(position + 1) * patches]))
      }
    }
    return maps.compactMap(\.self)
  }

  /// `count` finite numbers about a batch.
  private func values(
    _ matter: Question.Matter, _ batch: PixelBatch, count: Int, timing: inout ServerTiming
  ) async throws(Problem) -> [Float] {
    guard case .values(let values) = try await find(matter, batch, timing: &timing) else {
      throw Problem(.internalFault, "The model gave no numbers.")
    }
    try check(values, count: count)
    return values
  }

  private func check(_ values: [Float], count: Int) throws(Problem) {
    guard values.count == count, values.allSatisfy(\.isFinite) else {
      logger.error(
        "the model gave numbers that are not finite, or not one a patch",
        metadata: ["model": "\(model.name)", "numbers": "\(values.count)", "patches": "\(count)"])
      throw Problem(.internalFault, "The model \(model.name) gave numbers that are not finite for this request.")
    }
  }

  private func find(
    _ matter: Question.Matter, _ batch: PixelBatch, timing: inout ServerTiming
  ) async throws(Problem) -> Finding.Content {
    do {
      let finding = try await reception.model.find(matter, batch, under: reception.admission)
      timing.add(finding.times)
      return finding.content
    } catch let failure as InferenceFailure {
      throw Problem(failure)
    } catch is CancellationError {
      throw Problem(.abandoned, "The client left before the model came to its images.")
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
