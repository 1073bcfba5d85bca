import HTTP
import Masking

/// `POST /reconstruct`: the paper's Figure 2 for one image.
struct ReconstructRoute: Sendable {
  let pipeline: InferencePipeline

  func answer(_ request: Request) async throws(Problem) -> Answer {
    let query = try QueryTable.reconstruct.read(request.queryPairs)
    let format = try AnswerFormat.negotiated(query, request, among: [.json, .png])
    let model = try pipeline.library.model(query.model)
    guard model.description.hasReconstructor else {
      throw Problem(
        .incapableModel, "The model \(model.description.name) has no pixel decoder, so it cannot reconstruct an image.")
    }
    return try await model.counting { (model) async throws(Problem) in
      try await answer(request, query, format, try await pipeline.receive(request, for: model))
    }
  }

  private func answer(
    _ request: Request, _ query: InferenceQuery, _ format: AnswerFormat, _ reception: Reception
  ) async throws(Problem) -> Answer {
    let inquiry = try pipeline.inquire(request, query, of: reception, table: .reconstruct, route: .reconstruct, format: format)
    var timing = ServerTiming()
    let results = try await pipeline.examine(inquiry, timing: &timing)
    guard results.count == 1 else {
      throw Problem(.oneGridNeeded, "One image is reconstructed at a time, and this request has \(results.count).")
    }
    let subject = try results[0].get().subject
    let (ratio, draws) = try Self.regime(query, inquiry.model, patches: subject.rows * subject.columns)
    let reconstruction = try await inquiry.call.reconstruct(subject, ratio: ratio, draws: draws, timing: &timing)
    return try await pipeline.render(inquiry, timing: timing) { () throws(Problem) in
      guard format == .png else {
        let payload = ReconstructionPayload(
          subject: subject, model: inquiry.model, ratio: ratio, draws: draws, reconstruction: reconstruction)
        return Rendition(format.mediaType, JSONWriter.bytes(of: payload))
      }
      return Rendition(format.mediaType, Rendering(query).strip(subject, reconstruction, mode: inquiry.model.defaultMode))
    }
  }

  /// Ratio and draws, such that some patches stay visible and every one is hidden at least once.
  private static func regime(
    _ query: InferenceQuery, _ model: ModelDescription, patches: Int
  ) throws(Problem) -> (ratio: Double, draws: Int) {
    let ratio = query.ratio ?? model.trainingMaskRatio ?? InferenceQuery.Standard.ratio
    let draws = query.draws ?? InferenceQuery.Standard.reconstructionDraws
    let masked = MaskCount.masked(of: patches, ratio: ratio)
    guard (1..<patches).contains(masked) else {
      throw Problem(
        .invalidParameter, "At ratio \(ratio), \(masked) of \(patches) patches are masked, but at least one must be and one must not.",
        parameter: "ratio", allowed: ["more than 0 and less than 1"])
    }
    let needed = (patches + masked - 1) / masked
    guard draws >= needed else {
      throw Problem(
        .invalidParameter, "\(draws) draws of \(masked) masked patches do not hide each of \(patches) patches once; \(needed) do.",
        parameter: "draws", allowed: ["\(needed) to 64"])
    }
    return (ratio, draws)
  }
}
