import Images
import Tensors

/// The masks of one image, or of a bare grid.
struct MaskSet: Sendable {
  let payload: MaskPayload
  let patchSize: Int
  let examined: Examined?

  /// The masks that `inquiry` asks for of one of its images.
  init(_ examined: Examined, _ inquiry: Inquiry) throws(Problem) {
    guard let order = inquiry.order else { throw Problem(.internalFault, "The order of the masks is missing.") }
    self.examined = examined
    patchSize = inquiry.model.patchSize
    let subject = examined.subject
    payload = MaskPayload(
      order: order, seed: order.seed + examined.position, rows: subject.rows, columns: subject.columns,
      masks: try Self.draw(
        order, rows: subject.rows, columns: subject.columns, scores: examined.scores, first: examined.position, patchSize: patchSize),
      subject: (subject.id, subject.source), model: inquiry.model)
  }

  /// The masks of a grid without an image.
  init(_ order: MaskOrder, _ grid: GridWord, patchSize: Int) throws(Problem) {
    examined = nil
    self.patchSize = patchSize
    payload = MaskPayload(
      order: order, seed: order.seed, rows: grid.rows, columns: grid.columns,
      masks: try Self.draw(order, rows: grid.rows, columns: grid.columns, scores: nil, first: 0, patchSize: patchSize),
      subject: nil, model: nil)
  }

  private static func draw(
    _ order: MaskOrder, rows: Int, columns: Int, scores: PatchMap?, first: Int, patchSize: Int
  ) throws(Problem) -> [[UInt8]] {
    guard order.count * rows * columns <= MaskRoute.maximumValues else {
      throw Problem(
        .invalidParameter, "\(order.count) masks of \(rows) by \(columns) patches are more than \(MaskRoute.maximumValues) values.",
        parameter: "count", allowed: ["1 to \(MaskRoute.maximumValues / (rows * columns))"])
    }
    return try (first..<first + order.count).map { index throws(Problem) in
      try order.mask(rows: rows, columns: columns, scores: scores, index: index, patchSize: patchSize)
    }
  }

  /// uint8 (n, rows, columns).
  static func array(_ sets: [MaskSet]) throws(Problem) -> [UInt8] {
    let grid = try sets.commonGrid(\.payload.rows, \.payload.columns)
    let masks = sets.flatMap(\.payload.masks)
    return NumPyFile.encode(shape: Shape([masks.count] + grid), bytes: masks.flatMap(\.self))
  }

  /// The one mask of a request as a picture.
  static func picture(_ sets: [MaskSet], _ view: ViewWord, _ query: InferenceQuery) throws(Problem) -> [UInt8] {
    let masks = sets.flatMap(\.payload.masks)
    guard masks.count == 1, let set = sets.first else {
      throw Problem(.oneGridNeeded, "A PNG shows one mask, and this request asks for \(masks.count).", parameter: "format")
    }
    let scale = query.scale ?? set.patchSize
    let pixels = set.payload.rows * set.payload.columns * scale * scale
    guard pixels <= MaskRoute.maximumPixels else {
      throw Problem(
        .invalidParameter,
        "A picture of \(set.payload.rows) by \(set.payload.columns) patches at \(scale) pixels each has \(pixels) pixels, more than \(MaskRoute.maximumPixels).",
        parameter: "scale")
    }
    return Rendering.mask(view, set, scale: scale)
  }
}
