extension InferenceQuery {
  /// `fit` as a key of kept maps, with `max_side` where it counts.
  var framing: String {
    let fit = fit ?? Standard.fit
    return fit == .native ? "native \(maximumSide.map(String.init) ?? "standard")" : fit.rawValue
  }

  /// The greatest side, in pixels, at which an image of any shape has no more than `patches` patches.
  static func sufficientSide(patchSize: Int, patches: Int) -> Int { Int(Double(patches).squareRoot()) * patchSize }

  /// How many masks a masked average of `model` is taken over: enough that each patch is hidden in at least one.
  ///
  /// One draw hides at least the share γ of the patches, so ceil(1/γ) draws, differing in no patch's count by more than one, hide all.
  func averagingDraws(of model: ModelDescription) throws(Problem) -> Int {
    let ratio = model.trainingMaskRatio ?? Standard.ratio
    let needed = ratio > 0 ? Int(exactly: min((1 / ratio).rounded(.up), 64)) ?? 64 : 64
    guard let draws else { return max(Standard.draws, needed) }
    guard draws >= needed else {
      throw Problem(
        .invalidParameter, "\(draws) draws at the training ratio \(ratio) do not hide every patch; \(needed) do.", parameter: "draws",
        allowed: ["\(needed) to 64"])
    }
    return draws
  }
}
