import Masking

/// What `/mask` answers for one image, or for none.
struct MaskPayload: JSONWritable, Sendable {
  let order: MaskOrder
  /// The seed of the first mask.
  let seed: Int
  let rows, columns: Int
  /// At least one, each of rows · columns values, 1 = masked.
  let masks: [[UInt8]]
  /// The image and the model, where they were used.
  let subject: (id: String, source: SourceImage)?
  let model: ModelDescription?

  func write(to json: inout JSONWriter) {
    let masked = masks[0].count { $0 == 1 }
    json.object { json in
      json.member("strategy", order.strategy.rawValue)
      json.member("ratio", order.ratio)
      json.member("alpha", order.alpha)
      json.member("seed", seed)
      json.member("grid", [rows, columns])
      json.member("masked", masked)
      json.member("visible", rows * columns - masked)
      json.member("masks", masks.map { Rows($0, columns: columns) })
      if let subject {
        json.member("id", subject.id)
        json.member("image", subject.source)
      }
      if let model { json.member("model", ModelStamp(model: model)) }
    }
  }
}
