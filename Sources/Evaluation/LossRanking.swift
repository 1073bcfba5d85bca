/// Who says which patches of an image are hard.
package enum LossRanking: String, CaseIterable, Sendable {
  /// The loss predictor at the patches that one mask hides, mask by mask, against the loss under that mask: what training measures.
  case hiddenPatches = "hidden_patches"
  /// The same predictions averaged over masks, as the service's mode of that name gives them.
  case maskedAverage = "masked_average"
  /// The loss predictor with all patches visible, as the service's mode of that name gives it: the paper's way.
  case fullVisible = "full_visible"
  case patchVariance = "patch_variance"
  case gradientEnergy = "gradient_energy"
  case centrePrior = "centre_prior"

  /// The ranker that needs no model, if it is one.
  var ranker: PatchRanker? { PatchRanker(rawValue: rawValue) }
}

/// How well a ranking fits the true loss.
package enum RankingMeasure: String, CaseIterable, Sendable {
  /// The predicting loss of HPM's eq. 5; ln 2 = 0.6931 says that nothing is known. Of predictions alone: it depends on their scale.
  case relativeLoss = "relative_loss"
  /// The share of the pairs of patches in the right order; 0.5 is chance.
  case pairAccuracy = "pair_accuracy"
  case spearman
  case kendall
  /// The share of the patches hardest in truth that are also the hardest by the ranking; as much as is taken of all is chance.
  case overlap
}
