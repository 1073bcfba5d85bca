import HTTP
import Images
import Tensors

/// `POST /predict-loss`: which patches of an image the model expects to reconstruct worst.
struct PredictLossRoute: Sendable {
  let pipeline: InferencePipeline

  func answer(_ request: Request) async throws(Problem) -> Answer {
    let query = try QueryTable.predictLoss.read(request.queryPairs)
    let format = try AnswerFormat.negotiated(query, request, among: AnswerFormat.allCases)
    return try await pipeline.library.model(query.model).counting { (model) async throws(Problem) in
      try await answer(request, query, format, try await pipeline.receive(request, for: model))
    }
  }

  private func answer(
    _ request: Request, _ query: InferenceQuery, _ format: AnswerFormat, _ reception: Reception
  ) async throws(Problem) -> Answer {
    let inquiry = try pipeline.inquire(request, query, of: reception, table: .predictLoss, route: .predictLoss, format: format)
    var timing = ServerTiming()
    let results = try await pipeline.examine(inquiry, timing: &timing)
    return try await pipeline.render(inquiry, timing: timing) { () throws(Problem) in
      switch format {
      case .json: Rendition(format.mediaType, try json(results, inquiry))
      case .npy: Rendition(format.mediaType, try array(results, inquiry))
      case .png: Rendition(format.mediaType, try picture(results, inquiry))
      }
    }
  }

  private func json(_ results: [Result<Examined, Problem>], _ inquiry: Inquiry) throws(Problem) -> [UInt8] {
    guard inquiry.circumstances.pixels.isBatch else { return JSONWriter.bytes(of: try payload(results[0].get(), inquiry)) }
    let outcomes = results.map { result in
      Outcome(
        result: result.flatMap { examined in Result { () throws(Problem) in try payload(examined, inquiry) } },
        instance: inquiry.instance)
    }
    return JSONWriter.bytes(of: ResultList(outcomes: outcomes))
  }

  private func payload(_ examined: Examined, _ inquiry: Inquiry) throws(Problem) -> PredictLossPayload {
    guard let map = examined.map else { throw Problem(.internalFault, "The map of an image is missing.") }
    let mask = try inquiry.order.map { order throws(Problem) in
      PredictLossPayload.Mask(
        order: order, seed: order.seed + examined.position, columns: map.columns,
        values: try order.mask(of: examined, patchSize: inquiry.model.patchSize))
    }
    return PredictLossPayload(
      subject: examined.subject, model: inquiry.model, mode: inquiry.mode, draws: inquiry.draws, map: map, mask: mask)
  }

  /// float32 (rows, columns), or (n, rows, columns) for a batch.
  private func array(_ results: [Result<Examined, Problem>], _ inquiry: Inquiry) throws(Problem) -> [UInt8] {
    var maps: [PatchMap] = []
    for result in results {
      if let map = try result.get().map { maps.append(map) }
    }
    let grid = try maps.commonGrid(\.rows, \.columns)
    let shape = inquiry.circumstances.pixels.isBatch ? [maps.count] + grid : grid
    return NumPyFile.encode(shape: Shape(shape), floats: maps.flatMap(\.values))
  }

  private func picture(_ results: [Result<Examined, Problem>], _ inquiry: Inquiry) throws(Problem) -> [UInt8] {
    guard results.count == 1 else {
      throw Problem(.oneGridNeeded, "A PNG shows one image, and this request has \(results.count).", parameter: "format")
    }
    let examined = try results[0].get()
    let mask = try inquiry.order?.mask(of: examined, patchSize: inquiry.model.patchSize)
    return try Rendering(inquiry.query).picture(inquiry.view, examined, mask: mask)
  }
}

extension MaskOrder {
  /// The mask of one image of a request.
  func mask(of examined: Examined, patchSize: Int) throws(Problem) -> [UInt8] {
    try mask(
      rows: examined.subject.rows, columns: examined.subject.columns, scores: examined.scores, index: examined.position,
      patchSize: patchSize)
  }
}

extension Array {
  /// Rows and columns that every element has.
  func commonGrid(_ rows: (Element) -> Int, _ columns: (Element) -> Int) throws(Problem) -> [Int] {
    let grids = Set(map { [rows($0), columns($0)] })
    guard let grid = grids.first, grids.count == 1 else {
      throw Problem(
        .oneGridNeeded, "A NumPy array needs one grid for all images, and this request has \(grids.count).", parameter: "format")
    }
    return grid
  }
}
