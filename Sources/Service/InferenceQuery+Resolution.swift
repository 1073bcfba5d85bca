extension InferenceQuery {
  /// `fit` as a key of kept maps, with `max_side` where it counts.
  var framing: String {
    let fit = fit ?? Standard.fit
    return fit == .native ? "native \(maximumSide ?? Standard.maximumSide)" : fit.rawValue
  }

  /// The masks that a masked average is taken over.
  var averagingDraws: Int { draws ?? Standard.draws }

  /// Mode and draws as a key of kept maps.
  func reading(_ mode: PredictionMode) -> String {
    mode == .maskedAverage ? "\(mode.rawValue) \(averagingDraws)" : mode.rawValue
  }
}
