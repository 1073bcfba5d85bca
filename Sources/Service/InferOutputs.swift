/// What a request of the Open Inference Protocol wants of each image.
struct InferOutputs: OptionSet, Sendable, Hashable {
  let rawValue: Int

  static let predictedLoss = InferOutputs(rawValue: 1)
  static let mask = InferOutputs(rawValue: 2)
  static let latent = InferOutputs(rawValue: 4)

  /// Every output by the name that the protocol calls it.
  static let named: [(name: String, output: InferOutputs)] = [("predicted_loss", .predictedLoss), ("mask", .mask), ("latent", .latent)]
}
