/// Why no such mask can be drawn.
package enum MaskError: Error, Equatable, CustomStringConvertible {
  case ratioOutOfRange(Double)
  case alphaOutOfRange(Double)
  case revealOutOfRange(Double)
  case scoresMissing(MaskStrategy)
  case scoresMiscounted(found: Int, patches: Int)
  case scoreNotFinite(patch: Int)
  case uniformNeedsEvenGrid(PatchGrid)
  case uniformNeedsThreeQuarters(ratio: Double)
  case tooFewDraws(draws: Int, hiddenPerDraw: Int, patches: Int)
  case nothingVisible(ratio: Double, patches: Int)

  package var description: String {
    switch self {
    case .ratioOutOfRange(let ratio): "ratio is \(ratio), but a share of the patches is from 0 to 1"
    case .alphaOutOfRange(let alpha): "alpha is \(alpha), but a share of the masked patches is from 0 to 1"
    case .revealOutOfRange(let reveal): "reveal is \(reveal), but a share of the masked patches is from 0 to 1"
    case .scoresMissing(let strategy):
      "strategy \(strategy.rawValue) chooses patches by \(strategy == .attention ? "the class token's attention" : "their predicted loss"), "
        + "which needs an image"
    case .scoresMiscounted(let found, let patches): "\(found) scores were given for \(patches) patches; give one a patch"
    case .scoreNotFinite(let patch): "the score of patch \(patch) is not a finite number"
    case .uniformNeedsEvenGrid(let grid):
      "strategy uniform keeps one patch of each 2×2 window, so both sides of the grid must be even; it is \(grid)"
    case .uniformNeedsThreeQuarters(let ratio): "strategy uniform masks three of four patches, so ratio must be 0.75; it is \(ratio)"
    case .tooFewDraws(let draws, let hidden, let patches):
      "\(draws) draws of \(hidden) hidden patches each cannot hide all \(patches); ask for at least \((patches + hidden - 1) / max(1, hidden))"
    case .nothingVisible(let ratio, let patches): "ratio \(ratio) hides some but must leave at least one of \(patches) patches visible"
    }
  }
}
