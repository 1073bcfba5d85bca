import HTTP
import HTTPTypes
import Images
import Logging

/// One image with what the model said of it.
struct Examined: Sendable {
  /// Its place in the request, from 0.
  let position: Int
  let subject: Subject
  /// The predicted loss, where the answer depends on it.
  let map: PatchMap?
  /// The AttMask scores, where the mask depends on them.
  let attention: PatchMap?

  /// What the patches are ranked by for a mask.
  var scores: PatchMap? { attention ?? map }
}

/// An answer's body as it was rendered.
struct Rendition: Sendable {
  let mediaType: String
  let body: [UInt8]
  /// What the body needs said in the head beside its type.
  let fields: HTTPFields

  init(_ mediaType: String, _ body: [UInt8], fields: HTTPFields = [:]) {
    self.mediaType = mediaType
    self.body = body
    self.fields = fields
  }
}

/// From uploads to maps: what `/predict-loss`, `/mask` and `/reconstruct` have in common.
struct InferencePipeline: Sendable {
  let library: ModelLibrary
  let store: ImageStore
  /// Decodes and cuts images; its queue is bounded by the models' queues, which admit an image before it is decoded.
  let decoders: WorkPool
  /// Renders answers.
  let pool: WorkPool
  let buffers: ByteBudget
  let limits: InferenceLimits
  let logger: Logger

  /// Understands a request whose body is read: every parameter has an effect, and what it asks for can be.
  func inquire(
    _ request: Request, _ query: InferenceQuery, of reception: Reception, table: QueryTable, route: Circumstances.Route,
    format: AnswerFormat
  ) throws(Problem) -> Inquiry {
    let model = reception.model.description
    let circumstances = Circumstances(
      route: route, format: format, pixels: reception.upload.pixels, standardMode: model.defaultMode)
    let order = circumstances.makesMask(query) ? try MaskOrder(query, circumstances) : nil
    try table.refuseEffectless(query, circumstances)
    let draws = try query.averagingDraws(of: model)
    return Inquiry(
      query: query, circumstances: circumstances, call: ModelCall(reception: reception, logger: logger), order: order, draws: draws,
      instance: request.instance)
  }

  /// Decodes and cuts every image of the request, then asks the model what the answer depends on.
  ///
  /// An image that fails is a problem in its place in a list of results; elsewhere it fails the request.
  func examine(_ inquiry: Inquiry, timing: inout ServerTiming) async throws(Problem) -> [Result<Examined, Problem>] {
    let prepared = try await prepare(inquiry, timing: &timing)
    if inquiry.format != .json || !inquiry.circumstances.pixels.isBatch {
      for case .failure(let problem) in prepared { throw problem }
    }
    let ready = prepared.enumerated().compactMap { position, result in (try? result.get()).map { (position, $0) } }
    let subjects = ready.map(\.1)
    let maps = inquiry.needsPredictedLoss ? try await predictedLoss(subjects, inquiry, timing: &timing) : []
    let attention = inquiry.needsAttention ? try await attention(subjects, inquiry, timing: &timing) : []
    var results = prepared.map { $0.map { Examined(position: 0, subject: $0, map: nil, attention: nil) } }
    for (index, (position, subject)) in ready.enumerated() {
      results[position] = .success(
        Examined(
          position: position, subject: subject, map: maps.isEmpty ? nil : maps[index],
          attention: attention.isEmpty ? nil : attention[index]))
    }
    return results
  }

  /// Does `work`, the last stage of an answer, on the work pool.
  func render(
    _ inquiry: Inquiry, timing: ServerTiming, _ work: @escaping @Sendable () throws(Problem) -> Rendition
  ) async throws(Problem) -> Answer {
    let rendered: (Result<Rendition, Problem>, ServerTiming) = await pool.run {
      var timing = timing
      let result = timing.measure(.render) { Result { () throws(Problem) in try work() } }
      return (result, timing)
    }
    let content = try rendered.0.get()
    inquiry.call.reception.model.record(rendered.1)
    var answer = Answer(content.mediaType, content.body, timing: rendered.1, model: inquiry.model)
    answer.fields = content.fields
    return answer
  }

  private func predictedLoss(
    _ subjects: [Subject], _ inquiry: Inquiry, timing: inout ServerTiming
  ) async throws(Problem) -> [PatchMap] {
    let key = MapKey(
      modelSHA256: inquiry.model.sha256, framing: inquiry.query.framing, reading: inquiry.reading)
    if let kept = kept(subjects, inquiry, key) { return kept }
    let maps = try await inquiry.call.predictLoss(
      subjects, mode: inquiry.mode, draws: inquiry.draws, timing: &timing)
    keep(maps, of: subjects, key)
    return maps
  }

  private func attention(
    _ subjects: [Subject], _ inquiry: Inquiry, timing: inout ServerTiming
  ) async throws(Problem) -> [PatchMap] {
    let key = MapKey(modelSHA256: inquiry.model.sha256, framing: inquiry.query.framing, reading: "attention")
    if let kept = kept(subjects, inquiry, key) { return kept }
    let maps = try await inquiry.call.classAttention(subjects, timing: &timing)
    keep(maps, of: subjects, key)
    return maps
  }

  /// The maps of an earlier upload; what is uploaded anew is computed anew, so that timings mean something.
  private func kept(_ subjects: [Subject], _ inquiry: Inquiry, _ key: MapKey) -> [PatchMap]? {
    guard inquiry.circumstances.pixels == .kept else { return nil }
    let maps = subjects.compactMap { store.map(of: $0.id, key: key) }
    return maps.count == subjects.count ? maps : nil
  }

  private func keep(_ maps: [PatchMap], of subjects: [Subject], _ key: MapKey) {
    for (map, subject) in zip(maps, subjects) { store.keep(map, of: subject.id, key: key) }
  }
}

extension InferencePipeline {
  /// Every image of the request, decoded and cut, in order.
  private func prepare(_ inquiry: Inquiry, timing: inout ServerTiming) async throws(Problem) -> [Result<Subject, Problem>] {
    let preparation = try SubjectPreparation(
      inquiry.query, inquiry.model, limits, canvas: inquiry.format == .png ? .upload : .picture, inquiry.circumstances.pixels)
    switch inquiry.upload {
    case .array(let bytes):
      return try await batch(timing: &timing) { (times) throws(Problem) in try preparation.array(bytes, timing: &times) }
    case .pixels(let tensor):
      return try await batch(timing: &timing) { (times) throws(Problem) in try preparation.pixels(tensor, timing: &times) }
    case .image(let bytes), .kept(let bytes): return try await prepare([bytes], preparation, timing: &timing)
    case .parts(let parts): return try await prepare(parts, preparation, timing: &timing)
    }
  }

  private func batch(
    timing: inout ServerTiming, _ work: @escaping @Sendable (inout ServerTiming) throws(Problem) -> [Subject]
  ) async throws(Problem) -> [Result<Subject, Problem>] {
    let (result, times): (Result<[Subject], Problem>, ServerTiming) = await decoders.run {
      var times = ServerTiming()
      let result = Result { () throws(Problem) in try work(&times) }
      return (result, times)
    }
    timing.merge(times)
    return try result.get().map { .success($0) }
  }

  private typealias Decoded = (position: Int, subject: Result<Subject, Problem>, times: ServerTiming)

  /// As many images at a time as there are decoders, so that requests take turns, and none once the request has gone.
  private func prepare(
    _ images: [[UInt8]], _ preparation: SubjectPreparation, timing: inout ServerTiming
  ) async throws(Problem) -> [Result<Subject, Problem>] {
    let outcomes = await withTaskGroup(of: Decoded.self) { group in
      var outcomes: [Decoded] = []
      var begun = min(decoders.width, images.count)
      for position in 0..<begun { group.addTask { await decode(images[position], position, preparation) } }
      for await outcome in group {
        outcomes.append(outcome)
        guard begun < images.count, !Task.isCancelled else { continue }
        let position = begun
        group.addTask { await decode(images[position], position, preparation) }
        begun += 1
      }
      return outcomes
    }
    guard outcomes.count == images.count else { throw Problem(.abandoned, "The client left before its images were decoded.") }
    for outcome in outcomes { timing.merge(outcome.times) }
    return outcomes.sorted { $0.position < $1.position }.map(\.subject)
  }

  private func decode(_ bytes: [UInt8], _ position: Int, _ preparation: SubjectPreparation) async -> Decoded {
    await decoders.run {
      var times = ServerTiming()
      let result = Result { () throws(Problem) in try preparation.image(bytes, timing: &times) }
      if case .success(let subject) = result { store.keep(bytes, id: subject.id) }
      return (position, result, times)
    }
  }
}

/// How much one request may bring.
struct InferenceLimits: Sendable, Hashable {
  let images: Int
  let requestBytes: Int
  let imagePixels: Int
  let patches: Int

  init(_ configuration: ServiceConfiguration) {
    images = configuration.maximumImages
    requestBytes = configuration.maximumRequestBytes
    imagePixels = configuration.maximumImagePixels
    patches = configuration.maximumPatches
  }
}
