import Foundation

/// How far a run is and how it goes, as one line shows it.
package struct ProgressReport: Hashable, Sendable {
  package var step: Int
  package var steps: Int
  /// The epoch in progress, counted from 0.
  package var epoch: Int
  /// `nil` for what goes through its images once.
  package var epochs: Int?
  package var reconstructionLoss: Double
  /// `nil` without a loss predictor.
  package var predictingLoss: Double?
  /// What a predictor that knows nothing loses: ln 2 for the relative loss; `nil` for the others.
  package var chanceLoss: Double?
  /// Share of the pairs ordered rightly.
  package var pairAccuracy: Double?
  package var imagesPerSecond: Double
  package var secondsLeft: Double

  package init(
    step: Int, steps: Int, epoch: Int = 0, epochs: Int? = nil, reconstructionLoss: Double, predictingLoss: Double? = nil,
    chanceLoss: Double? = nil, pairAccuracy: Double? = nil, imagesPerSecond: Double, secondsLeft: Double
  ) {
    self.step = step
    self.steps = steps
    self.epoch = epoch
    self.epochs = epochs
    self.reconstructionLoss = reconstructionLoss
    self.predictingLoss = predictingLoss
    self.chanceLoss = chanceLoss
    self.pairAccuracy = pairAccuracy
    self.imagesPerSecond = imagesPerSecond
    self.secondsLeft = secondsLeft
  }

  /// Done of all, 0 to 1.
  var share: Double { steps > 0 ? min(1, max(0, Double(step) / Double(steps))) : 0 }

  /// The numbers, the most telling first.
  var text: String {
    var parts = epochs.map { ["epoch \(min(epoch + 1, $0))/\($0)"] } ?? []
    parts.append("loss \(Self.decimals(reconstructionLoss, 4))")
    if let predictingLoss {
      let chance = chanceLoss.map { " (chance \(Self.decimals($0, 3)))" } ?? ""
      parts.append("predicting \(Self.decimals(predictingLoss, 4))\(chance)")
    }
    if let pairAccuracy { parts.append("pairs \(Self.decimals(100 * pairAccuracy, 1)) %") }
    parts.append("\(Self.decimals(imagesPerSecond, imagesPerSecond < 100 ? 1 : 0)) images/s")
    parts.append("\(Self.duration(secondsLeft)) left")
    return parts.joined(separator: "  ")
  }

  /// Whole seconds as `4:05`, `1:02:09` or `3 d 4:00:00`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "unknown time" }
    let whole = Int(seconds.rounded())
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
    let rest = padded(whole % 60)
    guard days > 0 || hours > 0 else { return "\(minutes):\(rest)" }
    return (days > 0 ? "\(days) d " : "") + "\(hours):\(padded(minutes)):\(rest)"
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

  private static func decimals(_ number: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", number) }
}
