/// How long one image takes, as the latest passes tell: a moving mean and how far passes stray from it, kept as TCP keeps its round-trip
/// times (RFC 6298 §2).
struct ImageTime: Sendable, Hashable {
  private static let weightOfLatest = 1.0 / 8
  private static let weightOfLatestDeviation = 1.0 / 4
  /// Deviations by which a careful estimate lies over the mean.
  private static let margin = 4.0

  private var mean = 0.0
  private var deviation = 0.0
  private var isMeasured = false

  /// Takes in what an image of the latest pass took, in seconds. One measurement alone says nothing of the spread: half of it is assumed.
  mutating func record(_ seconds: Double) {
    guard isMeasured else {
      (mean, deviation, isMeasured) = (seconds, seconds / 2, true)
      return
    }
    deviation += (abs(seconds - mean) - deviation) * Self.weightOfLatestDeviation
    mean += (seconds - mean) * Self.weightOfLatest
  }

  /// Seconds in which so many images are computed; 0 before anything was measured.
  func expected(_ images: Int) -> Double { Double(images) * mean }

  /// Seconds within which so many images are computed even if each takes as long as a slow pass has lately: spreads are added up, not
  /// averaged out, since what slows one pass (other work on the machine, harder questions) slows the next.
  func careful(_ images: Int) -> Double { Double(images) * (mean + Self.margin * deviation) }
}
