import Images
import Masking

extension QueryTable {
  /// Of `POST /predict-loss`.
  static let predictLoss = QueryTable(
    parameters: [.model(), .format()] + framing() + reading()
      + [.ratio(standard: "no mask", when: [carriesMask])] + drawing(when: [makesMask]) + [
        .view(standard: ViewWord.heatmap, among: ViewWord.allCases),
        .choice("colormap", \.colorMap, standard: InferenceQuery.Standard.colorMap.rawValue, when: [isPNG, showsMap]),
        .decimal("opacity", \.opacity, standard: "\(InferenceQuery.Standard.opacity)", in: 0...1, when: [isPNG, showsOverlay]),
        .choice("interpolation", \.interpolation, standard: InferenceQuery.Standard.interpolation.rawValue, when: [isPNG, showsMap]),
        .integer("size", \.size, standard: "the region's own pixels", in: 1...4096, when: [isPNG]),
      ])

  /// Of `POST /mask` and, with `image` beside them, of `GET /mask`.
  static let postMask = QueryTable(parameters: maskParameters)

  /// Of `GET /mask`.
  static let getMask = QueryTable(
    parameters: [
      .text(
        "image", \.image, standard: "no image", allowed: "sha256: and 64 hexadecimal digits, the id of an earlier upload",
        pattern: "^sha256:[0-9a-f]{64}$"
      ) {
        $0.hasPrefix("sha256:") && $0.utf8.count == 71 && $0.dropFirst(7).allSatisfy { $0.isHexDigit && !$0.isUppercase }
      },
      .grid(),
    ] + maskParameters)

  /// Of `POST /reconstruct`.
  static let reconstruct = QueryTable(
    parameters: [.model(), .choice("format", \.format, standard: "from Accept", among: [.json, .png])] + framing() + [
      .decimal("ratio", \.ratio, standard: "the model's training ratio, else \(InferenceQuery.Standard.ratio)", in: 0...1),
      .integer("draws", \.draws, standard: "\(InferenceQuery.Standard.reconstructionDraws)", in: 1...64),
    ])

  /// The parameters of a request of the Open Inference Protocol: those that pick the map or the mask.
  static let infer = QueryTable(
    parameters: framing() + reading()
      + [.ratio(standard: "\(InferenceQuery.Standard.ratio) for the output mask", when: [wantsMask])] + drawing(when: [wantsMask]))

  private static let maskParameters: [QueryParameter] =
    [.model(when: [hasImage]), .format()] + framing(when: [hasImage]) + reading(when: [hasImage])
    + [.ratio(standard: "\(InferenceQuery.Standard.ratio)")] + drawing(when: []) + [
      .integer("count", \.count, standard: "\(InferenceQuery.Standard.count)", in: 1...4096, when: [noBatch]),
      .view(standard: .mask, among: [.mask, .masked, .overlay]),
      .integer("scale", \.scale, standard: "the patch size", in: 1...4096, when: [isPNG]),
    ]

  private static func framing(when conditions: [QueryParameter.Condition] = []) -> [QueryParameter] {
    [
      .choice("fit", \.fit, standard: InferenceQuery.Standard.fit.rawValue, when: conditions + [noArray]),
      .integer(
        "max_side", \.maximumSide,
        standard: "\(InferenceQuery.Standard.maximumSide), or less where a model's patches are so small that --max-patches asks for it",
        in: 1...1024, when: conditions + [isNative]),
    ]
  }

  private static func reading(when conditions: [QueryParameter.Condition] = []) -> [QueryParameter] {
    [
      .choice("mode", \.mode, standard: "the model's own", when: conditions + [readsLoss]),
      .integer(
        "draws", \.draws, standard: "\(InferenceQuery.Standard.draws)", in: 2...64, when: conditions + [readsLoss, isMaskedAverage]),
    ]
  }

  private static func drawing(when conditions: [QueryParameter.Condition]) -> [QueryParameter] {
    let byLoss = conditions + [usesAlpha]
    return [
      .choice("strategy", \.strategy, standard: "hard with an image, random without", when: conditions),
      .decimal("alpha", \.alpha, standard: "\(InferenceQuery.Standard.alpha)", in: 0...1, when: byLoss),
      .integer("epoch", \.epoch, standard: "no schedule", in: 0...1_000_000, when: byLoss),
      .integer("epochs", \.epochs, standard: "no schedule", in: 1...1_000_000, when: byLoss),
      .decimal("alpha0", \.firstAlpha, standard: "\(InferenceQuery.Standard.firstAlpha)", in: 0...1, when: byLoss),
      .decimal("alphaT", \.lastAlpha, standard: "\(InferenceQuery.Standard.lastAlpha)", in: 0...1, when: byLoss),
      .decimal("reveal", \.reveal, standard: "\(InferenceQuery.Standard.reveal)", in: 0...1, when: conditions + [usesAttention]),
      .integer("seed", \.seed, standard: "\(InferenceQuery.Standard.seed)", in: 0...(1 << 53) - 1, when: conditions),
    ]
  }
}

extension QueryParameter {
  fileprivate static func model(when conditions: [Condition] = []) -> Self {
    .text(
      "model", \.model, standard: "the default model", allowed: "name, or name@version",
      pattern: "^[a-z0-9][a-z0-9._-]{0,63}(@[1-9][0-9]{0,8})?$", when: conditions
    ) { text in
      let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
      return ModelDirectory.isName(String(parts[0])) && (parts.count == 1 || Numeral.integer(parts[1], in: 1...Int(Int32.max)) != nil)
    }
  }

  fileprivate static func format() -> Self { .choice("format", \.format, standard: "from Accept") }

  fileprivate static func ratio(standard: String, when conditions: [Condition] = []) -> Self {
    .decimal("ratio", \.ratio, standard: standard, in: 0...1, when: conditions)
  }

  fileprivate static func view(standard: ViewWord, among views: [ViewWord]) -> Self {
    .choice("view", \.view, standard: standard.rawValue, among: views, when: [QueryTable.isPNG])
  }

  fileprivate static func grid() -> Self {
    Self(
      name: "grid", standard: "the default model's, else 14x14",
      allowed: ["rows x columns such as 14x20, sides 1 to \(GridWord.maximumSide)"],
      schema: .pattern("^(25[0-6]|2[0-4][0-9]|1[0-9]{2}|[1-9][0-9]?)x(25[0-6]|2[0-4][0-9]|1[0-9]{2}|[1-9][0-9]?)$"),
      conditions: [QueryTable.noImage]
    ) { text, query in
      query.grid = GridWord(text)
      return query.grid != nil
    }
  }
}

extension QueryTable {
  private typealias Condition = QueryParameter.Condition

  fileprivate static let isPNG = QueryParameter.Condition("format=png") { $1.format == .png }
  fileprivate static let noImage = QueryParameter.Condition("a request without an image") { $1.pixels == .none }
  private static let hasImage = Condition("an image") { $1.pixels != .none }
  private static let noBatch = Condition("a single image, or none, not a batch") { !$1.pixels.isBatch }
  private static let noArray = Condition("an image; an array is used as it is") { !$1.pixels.isArray }
  private static let isNative = Condition("fit=native") { $0.fit == .native && !$1.pixels.isArray }
  private static let readsLoss = Condition("an answer that depends on the predicted loss") { $1.readsPredictedLoss($0) }
  private static let isMaskedAverage = Condition("mode=masked_average") { $1.mode($0) == .maskedAverage }
  private static let carriesMask = Condition("format=json, or format=png with view=mask or view=masked") {
    $1.format == .json || ($1.format == .png && $1.view($0).showsMask)
  }
  private static let makesMask = Condition("a mask in the answer: ratio with format=json, or view=mask or view=masked with format=png") {
    $1.makesMask($0)
  }
  private static let wantsMask = Condition("the output mask") { $1.makesMask($0) }
  private static let usesAlpha = Condition("strategy=hard or strategy=easy") { $1.strategy($0).usesPredictedLoss }
  private static let usesAttention = Condition("strategy=attention") { $1.strategy($0) == .attention }
  private static let showsMap = Condition("view=heatmap or view=overlay") { [.heatmap, .overlay].contains($1.view($0)) }
  private static let showsOverlay = Condition("view=overlay") { $1.view($0) == .overlay }
}
