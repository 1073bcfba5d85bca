import Testing

@testable import Service

/// A parameter with a request on which it has an effect and one on which it has none.
struct ParameterCase: Sendable, CustomTestStringConvertible {
  enum Table: Sendable { case predictLoss, getMask, postMask, reconstruct }

  let table: Table
  let parameter: String
  let value: String
  /// What else the request asks for so that the parameter has an effect.
  var with: [String: String] = [:]
  var format = AnswerFormat.json
  var pixels = Circumstances.Pixels.image
  /// A request on which the parameter has no effect, or `nil` where it always has one.
  var without: (query: [String: String], format: AnswerFormat, pixels: Circumstances.Pixels)?

  var testDescription: String { "\(parameter) of \(table)" }

  var declared: QueryTable {
    switch table {
    case .predictLoss: .predictLoss
    case .getMask: .getMask
    case .postMask: .postMask
    case .reconstruct: .reconstruct
    }
  }

  /// The problem that a request with the parameter gets, if any.
  func problem(_ others: [String: String], _ format: AnswerFormat, _ pixels: Circumstances.Pixels) -> Problem? {
    let route: Circumstances.Route =
      switch table {
      case .predictLoss: .predictLoss
      case .getMask, .postMask: .mask
      case .reconstruct: .reconstruct
      }
    do {
      let query = try declared.read(others.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + [(parameter, value)])
      try declared.refuseEffectless(
        query, Circumstances(route: route, format: format, pixels: pixels, standardMode: .fullVisible))
      return nil
    } catch {
      return error
    }
  }
}

extension ParameterCase {
  static let all: [ParameterCase] = predictLoss + mask + reconstruct

  private static let predictLoss: [ParameterCase] = [
    .init(table: .predictLoss, parameter: "model", value: "hpm-tiny@2"),
    .init(table: .predictLoss, parameter: "format", value: "npy"),
    .init(table: .predictLoss, parameter: "fit", value: "stretch", without: ([:], .json, .array)),
    .init(table: .predictLoss, parameter: "max_side", value: "512", with: ["fit": "native"], without: (["fit": "crop"], .json, .image)),
    .init(table: .predictLoss, parameter: "mode", value: "masked_average", without: (["view": "input"], .png, .image)),
    .init(
      table: .predictLoss, parameter: "draws", value: "12", with: ["mode": "masked_average"],
      without: (["mode": "full_visible"], .json, .image)),
    .init(table: .predictLoss, parameter: "ratio", value: "0.5", without: ([:], .npy, .image)),
    .init(table: .predictLoss, parameter: "strategy", value: "block", with: ["ratio": ".75"], without: ([:], .json, .image)),
    .init(
      table: .predictLoss, parameter: "alpha", value: "0.5", with: ["ratio": ".75"],
      without: (["ratio": ".75", "strategy": "random"], .json, .image)),
    .init(
      table: .predictLoss, parameter: "epoch", value: "3", with: ["ratio": ".75", "epochs": "10"],
      without: (["epochs": "10"], .json, .image)),
    .init(
      table: .predictLoss, parameter: "epochs", value: "30", with: ["ratio": ".75", "epoch": "10"],
      without: (["epoch": "10"], .json, .image)),
    .init(
      table: .predictLoss, parameter: "alpha0", value: "0.1", with: ["ratio": ".75", "epoch": "1", "epochs": "2"],
      without: (["ratio": ".75", "strategy": "block", "epoch": "1", "epochs": "2"], .json, .image)),
    .init(
      table: .predictLoss, parameter: "alphaT", value: "1", with: ["ratio": ".75", "epoch": "1", "epochs": "2"],
      without: (["epoch": "1", "epochs": "2"], .json, .image)),
    .init(
      table: .predictLoss, parameter: "reveal", value: "0.1", with: ["ratio": ".75", "strategy": "attention"],
      without: (["ratio": ".75"], .json, .image)),
    .init(table: .predictLoss, parameter: "seed", value: "7", with: ["ratio": ".75"], without: ([:], .json, .image)),
    .init(table: .predictLoss, parameter: "view", value: "overlay", format: .png, without: ([:], .json, .image)),
    .init(table: .predictLoss, parameter: "colormap", value: "magma", format: .png, without: (["view": "input"], .png, .image)),
    .init(
      table: .predictLoss, parameter: "opacity", value: "0.3", with: ["view": "overlay"], format: .png,
      without: (["view": "heatmap"], .png, .image)),
    .init(table: .predictLoss, parameter: "interpolation", value: "bicubic", format: .png, without: (["view": "mask"], .png, .image)),
    .init(table: .predictLoss, parameter: "size", value: "640", format: .png, without: ([:], .npy, .image)),
  ]

  private static let mask: [ParameterCase] = [
    .init(table: .getMask, parameter: "image", value: "sha256:" + String(repeating: "0a", count: 32), pixels: .kept),
    .init(table: .getMask, parameter: "grid", value: "14x20", pixels: .none, without: ([:], .json, .kept)),
    .init(table: .getMask, parameter: "model", value: "tiny", pixels: .kept, without: ([:], .json, .none)),
    .init(table: .getMask, parameter: "fit", value: "stretch", pixels: .kept, without: ([:], .json, .none)),
    .init(table: .postMask, parameter: "fit", value: "stretch", without: ([:], .json, .array)),
    .init(table: .postMask, parameter: "max_side", value: "96", with: ["fit": "native"], without: ([:], .json, .image)),
    .init(table: .postMask, parameter: "mode", value: "masked_average", without: (["strategy": "random"], .json, .image)),
    .init(table: .postMask, parameter: "draws", value: "9", with: ["mode": "masked_average"], without: ([:], .json, .image)),
    .init(table: .postMask, parameter: "format", value: "png"),
    .init(table: .getMask, parameter: "ratio", value: "0", pixels: .none),
    .init(table: .getMask, parameter: "strategy", value: "uniform", pixels: .none),
    .init(table: .postMask, parameter: "alpha", value: "1", without: (["strategy": "uniform"], .json, .image)),
    .init(
      table: .postMask, parameter: "epoch", value: "0", with: ["epochs": "1"],
      without: (["epochs": "1", "strategy": "random"], .json, .image)),
    .init(
      table: .postMask, parameter: "epochs", value: "5", with: ["epoch": "1"],
      without: (["epoch": "1", "strategy": "random"], .json, .image)),
    .init(table: .postMask, parameter: "reveal", value: "0.5", with: ["strategy": "attention"], without: ([:], .json, .image)),
    .init(table: .getMask, parameter: "seed", value: "9007199254740991", pixels: .none),
    .init(table: .postMask, parameter: "count", value: "4096", without: ([:], .json, .parts)),
    .init(table: .postMask, parameter: "view", value: "masked", format: .png, without: ([:], .json, .image)),
    .init(table: .getMask, parameter: "scale", value: "8", format: .png, pixels: .none, without: ([:], .npy, .none)),
  ]

  private static let reconstruct: [ParameterCase] = [
    .init(table: .reconstruct, parameter: "model", value: "tiny"),
    .init(table: .reconstruct, parameter: "format", value: "png"),
    .init(table: .reconstruct, parameter: "fit", value: "stretch", without: ([:], .json, .array)),
    .init(table: .reconstruct, parameter: "max_side", value: "64", with: ["fit": "native"], without: ([:], .json, .image)),
    .init(table: .reconstruct, parameter: "ratio", value: "0.5"),
    .init(table: .reconstruct, parameter: "draws", value: "4"),
  ]
}

@Suite struct QueryTableTests {
  @Test(arguments: ParameterCase.all)
  func `accepts a parameter where it has an effect`(parameter: ParameterCase) {
    #expect(parameter.problem(parameter.with, parameter.format, parameter.pixels) == nil)
  }

  @Test(arguments: ParameterCase.all.filter { $0.without != nil })
  func `refuses and names a parameter where it has none`(parameter: ParameterCase) throws {
    let without = try #require(parameter.without)
    let problem = parameter.problem(without.query, without.format, without.pixels)
    #expect(problem?.kind == .parameterWithoutEffect)
    if without.query["epochs"] == nil && without.query["epoch"] == nil { #expect(problem?.parameter == parameter.parameter) }
  }

  @Test(arguments: [QueryTable.predictLoss, .getMask, .postMask, .reconstruct])
  func `declares every parameter once`(table: QueryTable) {
    #expect(Set(table.parameters.map(\.name)).count == table.parameters.count)
  }

  @Test(arguments: ParameterCase.all)
  func `refuses a parameter given twice`(parameter: ParameterCase) {
    let items = [(name: parameter.parameter, value: parameter.value), (parameter.parameter, parameter.value)]
    #expect { try parameter.declared.read(items) } throws: { ($0 as? Problem)?.kind == .repeatedParameter }
  }

  @Test func `names an unknown parameter and lists the known ones`() {
    #expect {
      try QueryTable.reconstruct.read([("alfa", "1")])
    } throws: { error in
      let problem = error as? Problem
      return problem?.kind == .unknownParameter && problem?.parameter == "alfa"
        && problem?.allowed == ["model", "format", "fit", "max_side", "ratio", "draws"]
    }
  }

  @Test(arguments: [
    ("ratio", "1.5"), ("ratio", "nan"), ("ratio", ""), ("ratio", "0x1p-1"), ("ratio", " .5"), ("seed", "-1"), ("seed", "9007199254740992"),
    ("seed", "+1"), ("count", "0"), ("count", "4097"), ("grid", "14"), ("grid", "14x"), ("grid", "0x14"), ("grid", "257x1"),
    ("grid", "14x14x"), ("strategy", "HARD"), ("model", "../x"), ("model", "a@0"), ("image", "sha256:xyz"), ("fit", ""),
  ])
  func `refuses a value out of range and names what is allowed`(name: String, value: String) {
    #expect {
      try QueryTable.getMask.read([(name, value)])
    } throws: { error in
      let problem = error as? Problem
      return problem?.kind == .invalidParameter && problem?.parameter == name && problem?.allowed?.isEmpty == false
    }
  }

  @Test func `refuses alpha beside the schedule that computes it`() {
    #expect {
      try QueryTable.postMask.read([("alpha", "1"), ("epoch", "1"), ("epochs", "2")])
    } throws: { ($0 as? Problem)?.kind == .conflictingParameters }
  }

  @Test func `asks for epochs where only an epoch is given`() {
    #expect {
      try QueryTable.postMask.read([("epoch", "1")])
    } throws: { ($0 as? Problem)?.kind == .missingParameter && ($0 as? Problem)?.parameter == "epochs" }
  }

  @Test func `refuses an epoch after the last`() {
    #expect {
      try QueryTable.postMask.read([("epoch", "2"), ("epochs", "2")])
    } throws: { ($0 as? Problem)?.kind == .invalidParameter && ($0 as? Problem)?.parameter == "epoch" }
  }
}
