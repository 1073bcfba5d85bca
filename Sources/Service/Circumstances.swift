import Masking

/// What decides, beside the query itself, whether a parameter has an effect.
struct Circumstances: Sendable {
  enum Route: Sendable, Hashable {
    case predictLoss, mask, reconstruct
    /// Of the Open Inference Protocol.
    case infer(InferOutputs)
  }

  /// Where the pixels come from.
  enum Pixels: Sendable, Hashable {
    case none
    /// An earlier upload.
    case kept
    /// A body that is one image.
    case image
    /// A body of parts.
    case parts
    /// A NumPy array.
    case array

    /// Whether one request asks about several images.
    var isBatch: Bool {
      switch self {
      case .parts, .array: true
      case .none, .kept, .image: false
      }
    }

    var isArray: Bool {
      self == .array
    }
  }

  let route: Route
  let format: AnswerFormat
  let pixels: Pixels
  /// The mode that holds where the query names none.
  let standardMode: PredictionMode

  /// The view that a PNG shows.
  func view(_ query: InferenceQuery) -> ViewWord { query.view ?? (route == .mask ? .mask : .heatmap) }

  /// What decides which patches are masked.
  func strategy(_ query: InferenceQuery) -> MaskStrategy {
    query.strategy ?? (route == .mask && pixels == .none ? .random : .hard)
  }

  func mode(_ query: InferenceQuery) -> PredictionMode { query.mode ?? standardMode }

  /// Whether the answer carries a mask.
  func makesMask(_ query: InferenceQuery) -> Bool {
    switch route {
    case .mask: true
    case .reconstruct: false
    case .infer(let outputs): outputs.contains(.mask)
    case .predictLoss: format == .json ? query.ratio != nil : format == .png && view(query).showsMask
    }
  }

  /// Whether the answer depends on the predicted loss.
  func readsPredictedLoss(_ query: InferenceQuery) -> Bool {
    switch route {
    case .reconstruct: false
    case .mask: pixels != .none && strategy(query).usesPredictedLoss
    case .infer(let outputs):
      outputs.contains(.predictedLoss) || (outputs.contains(.mask) && strategy(query).usesPredictedLoss)
    case .predictLoss:
      format != .png || !(view(query).showsMask || view(query) == .input)
        || (view(query).showsMask && strategy(query).usesPredictedLoss)
    }
  }
}
