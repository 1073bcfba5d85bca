import HTTP
import Tensors

/// `GET /mask` and `POST /mask`: which patches to hide.
struct MaskRoute: Sendable {
  let pipeline: InferencePipeline

  /// Masks and patches together at most in one answer.
  static let maximumValues = 1 << 24
  /// Pixels of a PNG at most.
  static let maximumPixels = 1 << 24
  /// Values of masks up to which drawing and writing them takes no longer than handing that to another thread.
  private static let promptValues = 1024
  /// Side of a patch where no model says another.
  static let standardPatchSize = 16

  /// `POST /mask`: of the images in the body.
  func post(_ request: Request) async throws(Problem) -> Answer {
    let query = try QueryTable.postMask.read(request.queryPairs)
    let format = try AnswerFormat.negotiated(query, request, among: AnswerFormat.allCases)
    return try await pipeline.library.model(query.model).counting { (model) async throws(Problem) in
      try await answer(request, query, .postMask, format, try await pipeline.receive(request, for: model))
    }
  }

  /// `GET /mask`: of an earlier upload, or of a bare grid.
  func get(_ request: Request) async throws(Problem) -> Answer {
    let query = try QueryTable.getMask.read(request.queryPairs)
    let format = try AnswerFormat.negotiated(query, request, among: AnswerFormat.allCases)
    guard let id = query.image else { return try await bareGrid(query, format) }
    guard let bytes = pipeline.store.bytes(of: id) else {
      throw Problem(
        .unknownImage, "The image \(id) is not, or no longer, kept here; send it to POST /mask, the answer is the same.",
        parameter: "image")
    }
    return try await pipeline.library.model(query.model).counting { (model) async throws(Problem) in
      try await answer(request, query, .getMask, format, try pipeline.receive(request, kept: bytes, for: model))
    }
  }

  private func answer(
    _ request: Request, _ query: InferenceQuery, _ table: QueryTable, _ format: AnswerFormat, _ reception: Reception
  ) async throws(Problem) -> Answer {
    let inquiry = try pipeline.inquire(request, query, of: reception, table: table, route: .mask, format: format)
    var timing = ServerTiming()
    let results = try await pipeline.examine(inquiry, timing: &timing)
    return try await pipeline.render(inquiry, timing: timing) { () throws(Problem) in
      let sets = results.map { result in
        result.flatMap { examined in Result { () throws(Problem) in try MaskSet(examined, inquiry) } }
      }
      return Rendition(format.mediaType, try write(sets, query, inquiry))
    }
  }

  private func write(_ sets: [Result<MaskSet, Problem>], _ query: InferenceQuery, _ inquiry: Inquiry) throws(Problem) -> [UInt8] {
    switch inquiry.format {
    case .json where inquiry.circumstances.pixels.isBatch:
      let outcomes = sets.map { Outcome(result: $0.map(\.payload), instance: inquiry.instance) }
      return JSONWriter.bytes(of: ResultList(outcomes: outcomes))
    case .json: return JSONWriter.bytes(of: try sets[0].get().payload)
    case .npy: return try MaskSet.array(try sets.map { set throws(Problem) in try set.get() })
    case .png: return try MaskSet.picture(try sets.map { set throws(Problem) in try set.get() }, inquiry.view, query)
    }
  }

  /// Masks of a grid without an image, for which no model is needed.
  private func bareGrid(_ query: InferenceQuery, _ format: AnswerFormat) async throws(Problem) -> Answer {
    let circumstances = Circumstances(route: .mask, format: format, pixels: .none, standardMode: .fullVisible)
    let order = try MaskOrder(query, circumstances)
    let view = circumstances.view(query)
    guard format != .png || view == .mask else {
      throw Problem(
        .imageNeeded, "The view \"\(view.rawValue)\" shows an image, and this request has none.", parameter: "view", allowed: ["mask"])
    }
    try QueryTable.getMask.refuseEffectless(query, circumstances)
    let model = query.grid == nil ? try? pipeline.library.model().description : nil
    let grid = query.grid ?? model.map { GridWord(rows: $0.rows, columns: $0.columns) } ?? .standard
    let patchSize = model?.patchSize ?? Self.standardPatchSize
    let draw = { @Sendable in
      Result { () throws(Problem) in
        let set = try MaskSet(order, grid, patchSize: patchSize)
        switch format {
        case .json: return JSONWriter.bytes(of: set.payload)
        case .npy: return try MaskSet.array([set])
        case .png: return try MaskSet.picture([set], view, query)
        }
      }
    }
    let isPrompt = format != .png && order.count * grid.rows * grid.columns <= Self.promptValues
    return Answer(format.mediaType, try (isPrompt ? draw() : await pipeline.pool.run(draw)).get())
  }
}
