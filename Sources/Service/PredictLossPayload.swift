import Images
import Masking

/// What `/predict-loss` says of one image.
struct PredictLossPayload: JSONWritable, Sendable {
  /// A mask beside the map.
  struct Mask: JSONWritable, Sendable {
    let order: MaskOrder
    /// The seed of this image's mask.
    let seed: Int
    let columns: Int
    let values: [UInt8]

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("ratio", order.ratio)
        json.member("strategy", order.strategy.rawValue)
        json.member("alpha", order.alpha)
        json.member("seed", seed)
        json.member("masked", values.count { $0 == 1 })
        json.member("values", Rows(values, columns: columns))
      }
    }
  }

  let subject: Subject
  let model: ModelDescription
  let mode: PredictionMode
  let draws: Int
  let map: PatchMap
  let mask: Mask?

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", subject.id)
      json.member("model", ModelStamp(model: model))
      json.member("image", subject.source)
      json.member("region", subject.region)
      json.member("patch_size", model.patchSize)
      json.member("grid", [map.rows, map.columns])
      json.member("mode", mode.rawValue)
      json.member("draws", mode == .maskedAverage ? draws : nil)
      json.member("predicted_loss", map)
      json.member("ranking", map.ranking)
      json.member("stats", map.statistics)
      json.member("comparable_across_images", model.comparableAcrossImages && mode == .fullVisible)
      if let mask { json.member("mask", mask) }
    }
  }
}

/// Something that went well or not, in a list of the like: a problem stands in its place.
struct Outcome<Payload: JSONWritable & Sendable>: JSONWritable, Sendable {
  let result: Result<Payload, Problem>
  let instance: String

  func write(to json: inout JSONWriter) {
    switch result {
    case .success(let payload): json.value(payload)
    case .failure(let problem): json.value(ProblemDetails(problem: problem, instance: instance))
    }
  }
}

/// `{"results": […]}`.
struct ResultList<Payload: JSONWritable & Sendable>: JSONWritable, Sendable {
  let outcomes: [Outcome<Payload>]

  func write(to json: inout JSONWriter) { json.object { $0.member("results", outcomes) } }
}
