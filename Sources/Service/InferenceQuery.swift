import Images
import Masking

/// What the query of an inference route asks for: `nil` where a parameter was not given.
struct InferenceQuery: Sendable {
  /// The values that parameters have where a request does not give them.
  enum Standard {
    static let fit = FitWord.crop
    static let maximumSide = 512
    static let draws = 8
    static let reconstructionDraws = 10
    static let ratio = 0.75
    static let alpha = 1.0
    static let firstAlpha = 0.0
    static let lastAlpha = 0.5
    static let reveal = 0.0
    static let seed = 0
    static let count = 1
    static let colorMap = ColorMap.jet
    static let opacity = 0.5
    static let interpolation = Interpolation.nearest
  }

  var model: String?
  var format: AnswerFormat?
  var fit: FitWord?
  var maximumSide: Int?
  var mode: PredictionMode?
  var draws: Int?
  var ratio: Double?
  var strategy: MaskStrategy?
  var alpha: Double?
  var epoch: Int?
  var epochs: Int?
  var firstAlpha: Double?
  var lastAlpha: Double?
  var reveal: Double?
  var seed: Int?
  var count: Int?
  var grid: GridWord?
  var image: String?
  var view: ViewWord?
  var colorMap: ColorMap?
  var opacity: Double?
  var interpolation: Interpolation?
  var size: Int?
  var scale: Int?

  /// The names given, in the order they were given.
  var given: [String] = []

  func gives(_ name: String) -> Bool { given.contains(name) }
}
