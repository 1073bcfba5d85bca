import Masking

/// One request for inference, understood: what is asked, of which model, about which pixels.
struct Inquiry: Sendable {
  let query: InferenceQuery
  let circumstances: Circumstances
  let call: ModelCall
  /// The masks wanted, where any are.
  let order: MaskOrder?
  /// How many masks a masked average is taken over.
  let draws: Int
  /// The path of the request, for the problems inside a list of results.
  let instance: String

  var model: ModelDescription { call.model }
  var upload: Upload { call.reception.upload }
  var mode: PredictionMode { circumstances.mode(query) }
  var format: AnswerFormat { circumstances.format }
  var view: ViewWord { circumstances.view(query) }

  /// What an image is ranked by for the mask that is asked for, and what the model is therefore asked.
  var needsAttention: Bool { order?.strategy == .attention }
  /// Mode and draws as a key of kept maps.
  var reading: String { mode == .maskedAverage ? "\(mode.rawValue) \(draws)" : mode.rawValue }
  var needsPredictedLoss: Bool { circumstances.readsPredictedLoss(query) }
}
