import HTTP
import HTTPTypes
import Images

/// `POST /v2/models/{name}/infer`: inference as the clients of Triton and KServe ask for it.
struct InferRoute: Sendable {
  let pipeline: InferencePipeline

  /// Parameters of a request that say how it is answered, not what.
  private enum Ruling { static let names = ["binary_data_output", "timeout"] }

  func answer(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let name = try OpenInferenceRoute.specification(request)
    let model = try pipeline.library.model(name)
    return try await model.counting { (model) async throws(Problem) in
      try model.refuseIfFull(client: request.client)
      let buffer = ByteReservation(of: pipeline.buffers)
      let body = try await Upload.body(of: request, pipeline.limits, buffer, retryAfter: model.expectedWait)
      let (asked, tensors) = try read(body, request.head.headerFields)
      return try await Self.within(try Self.timeout(asked)) { () async throws(Problem) in
        let admission = try model.admit(tensors.upload.imageCount, of: request.client)
        let reception = Reception(model: model, upload: tensors.upload, admission: admission, buffer: buffer)
        return try await answer(request, asked, reception)
      }
    }
  }

  /// The JSON of a body, and the images in it or behind it.
  private func read(_ body: [UInt8], _ fields: HTTPFields) throws(Problem) -> (InferRequest, InferTensors) {
    guard let text = fields[.inferenceHeaderContentLength] else {
      let asked = try Self.request(body, count: body.count)
      return (asked, try InferTensors(asked, body, from: body.count, pipeline.limits))
    }
    guard let count = Numeral.integer(text, in: 0...body.count) else {
      throw Problem(
        .malformedBody, "The header field Inference-Header-Content-Length is \"\(text)\", but the body has \(body.count) bytes.",
        parameter: "Inference-Header-Content-Length", allowed: ["0 to \(body.count)"])
    }
    guard count > 0 else { return (InferRequest(), InferTensors(image: body)) }
    let asked = try Self.request(body, count: count)
    return (asked, try InferTensors(asked, body, from: count, pipeline.limits))
  }

  private static func request(_ body: [UInt8], count: Int) throws(Problem) -> InferRequest {
    do throws(JSONFault) {
      return try InferRequest(body, count: count)
    } catch { throw Problem(.malformedBody, "The inference request cannot be read: \(error).") }
  }

  /// Seconds that the request's own `timeout`, in microseconds, allows.
  private static func timeout(_ asked: InferRequest) throws(Problem) -> Double? {
    guard let text = asked.parameters.first(where: { $0.name == "timeout" })?.value else { return nil }
    guard let microseconds = Numeral.integer(text, in: 0...Int.max) else {
      throw Problem(.invalidParameter, "The parameter \"timeout\" is \"\(text)\", but must be microseconds.", parameter: "timeout")
    }
    return microseconds == 0 ? nil : Double(microseconds) / 1e6
  }

  /// Does `work`, for `seconds` at most.
  private static func within(
    _ seconds: Double?, _ work: @escaping @Sendable () async throws(Problem) -> Answer
  ) async throws(Problem) -> Answer {
    guard let seconds else { return try await work() }
    let result: Result<Answer, Problem> = await Deadline.race(seconds: seconds) {
      .failure(Problem(.deadline, "The answer was not ready within \(seconds) seconds, the request's timeout.", parameter: "timeout"))
    } work: {
      do throws(Problem) { return .success(try await work()) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private func answer(_ request: Request, _ asked: InferRequest, _ reception: Reception) async throws(Problem) -> Answer {
    let query = try QueryTable.infer.read(asked.parameters.filter { !Ruling.names.contains($0.name) })
    let outputs = try Self.outputs(asked, query)
    let inquiry = try pipeline.inquire(
      request, query, of: reception, table: .infer, route: .infer(outputs.reduce(into: []) { $0.insert($1.output) }), format: .npy)
    var timing = ServerTiming()
    let examined = try await pipeline.examine(inquiry, timing: &timing).map { result throws(Problem) in try result.get() }
    let latent = outputs.contains { $0.output == .latent } ? try await inquiry.call.latent(examined.map(\.subject), timing: &timing) : nil
    return try await pipeline.render(inquiry, timing: timing) { () throws(Problem) in
      let tensors = try outputs.map { output throws(Problem) in
        (try Self.tensor(output.output, examined, inquiry, latent: latent), output.form)
      }
      return InferAnswer(model: inquiry.model, id: asked.id, tensors: tensors).rendition
    }
  }

  private typealias WantedOutput = (output: InferOutputs, form: TensorForm)

  /// What is wanted, in order: what the request names, else the predicted loss, and the mask where a ratio is given.
  private static func outputs(_ asked: InferRequest, _ query: InferenceQuery) throws(Problem) -> [WantedOutput] {
    let isBinary = asked.parameters.first { $0.name == "binary_data_output" }?.value == "true"
    let standard: TensorForm = isBinary ? .binary : .json
    guard !asked.outputs.isEmpty else {
      return [(.predictedLoss, standard)] + (query.ratio == nil ? [] : [(.mask, standard)])
    }
    var outputs: [WantedOutput] = []
    for wanted in asked.outputs {
      guard let output = InferOutputs.named.first(where: { $0.name == wanted.name })?.output,
        !outputs.contains(where: { $0.output == output })
      else {
        throw Problem(
          .invalidParameter, "There is no output \"\(wanted.name)\", or it is named twice.", parameter: "outputs",
          allowed: InferOutputs.named.map(\.name))
      }
      outputs.append((output, wanted.form ?? standard))
    }
    return outputs
  }

  private static func tensor(
    _ output: InferOutputs, _ examined: [Examined], _ inquiry: Inquiry, latent: [Float]?
  ) throws(Problem) -> OutputTensor {
    let patches = try examined.commonGrid(\.subject.rows, \.subject.columns).reduce(1, *)
    switch output {
    case .mask:
      guard let order = inquiry.order else { throw Problem(.internalFault, "The order of the masks is missing.") }
      let masks = try examined.map { one throws(Problem) in try order.mask(of: one, patchSize: inquiry.model.patchSize) }
      return OutputTensor(name: "mask", shape: [examined.count, patches], content: .truths(masks.flatMap(\.self)))
    case .latent:
      return OutputTensor(
        name: "latent", shape: [examined.count, patches + 1, inquiry.model.width], content: .floats(latent ?? []))
    default:
      return OutputTensor(
        name: "predicted_loss", shape: [examined.count, patches], content: .floats(examined.flatMap { $0.map?.values ?? [] }))
    }
  }
}

/// An answer of the Open Inference Protocol.
private struct InferAnswer {
  let model: ModelDescription
  let id: String?
  let tensors: [(tensor: OutputTensor, form: TensorForm)]

  /// JSON, and behind it the elements of the tensors that are wanted in binary, in order.
  var rendition: Rendition {
    var json = JSONWriter()
    json.object { json in
      json.member("model_name", model.name)
      json.member("model_version", String(model.version))
      if let id { json.member("id", id) }
      json.member("outputs", array: { json in for (tensor, form) in tensors { tensor.write(to: &json, as: form) } })
    }
    let binary = tensors.filter { $0.form == .binary }.flatMap(\.tensor.bytes)
    guard !tensors.contains(where: { $0.form == .binary }) else {
      return Rendition(
        "application/octet-stream", json.bytes + binary, fields: [.inferenceHeaderContentLength: String(json.bytes.count)])
    }
    return Rendition(AnswerFormat.json.mediaType, json.bytes)
  }
}

extension HTTPField.Name {
  /// How many bytes of a body are JSON; tensors in binary follow.
  static let inferenceHeaderContentLength = Self("Inference-Header-Content-Length")!
}
