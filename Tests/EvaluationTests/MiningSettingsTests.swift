import Checkpoints
import Foundation
import Testing
import Training
import VisionModels

@testable import Evaluation

/// What may be asked of a mining run, and what is made of its numbers.
@Suite struct MiningSettingsTests {
  private func members(_ text: String) throws -> [JSONValue.Member] {
    guard case .object(let members) = try JSONValue(parsing: text.utf8) else { return [] }
    return members
  }

  @Test func `every fault is named at once`() throws {
    let wrong = """
      {"ratio": 2, "alfa": 1, "strategy": "random", "draws": 1, "seed": -1, "mode": 3, "fit": "native", "alpha": -1}
      """
    let error = #expect(throws: PretrainingConfigurationError.self) { try MiningSettings(members(wrong)) }
    let faults = try #require(error).faults
    #expect(faults.map { String($0.prefix { $0 != ":" }) } == ["ratio", "alfa", "strategy", "draws", "seed", "mode", "fit", "alpha"])
    #expect(faults[0] == "ratio: expected a number, 0.0 to 1.0, found 2")
    #expect(faults[2] == "strategy: expected one of hard, easy, found \"random\"")
  }

  @Test func `what is left out is as the contract has it`() throws {
    let settings = try MiningSettings(members(#"{"mode": null, "seed": 9007199254740991}"#))
    #expect(settings.ratio == 0.75 && settings.alpha == 1 && settings.strategy == .hard && settings.draws == 10 && settings.fit == .crop)
    #expect(settings.mode == nil && settings.seed == 9_007_199_254_740_991)
  }

  @Test func `a model without a loss predictor is refused in a sentence, and draws that leave patches out as well`() throws {
    let plain = try checkpoint(lossPredictor: .absent)
    let refusal = #expect(throws: PretrainingConfigurationError.self) { try MiningRegime(MiningSettings(), of: plain) }
    #expect(refusal?.faults.first?.hasPrefix("model: it has no loss predictor") == true)
    let checkpoint = try EvaluatedCheckpoint(MiningFolder.model, MiningFolder.reading)
    var settings = MiningSettings()
    #expect(try MiningRegime(settings, of: checkpoint).mode == .fullVisible)
    settings.draws = 1
    let error = #expect(throws: PretrainingConfigurationError.self) { try MiningRegime(settings, of: checkpoint) }
    #expect(error?.faults == ["draws: expected at least 2, to hide each of 36 patches once, found 1"])
  }

  /// A small network saved with what its file is to say of it.
  private func checkpoint(
    saying metadata: [String: String] = [:], lossPredictor: LossPredictorPresence = .present
  ) throws -> EvaluatedCheckpoint {
    let network = try #require(PretrainingConfiguration.preset("test")).modelConfiguration
    let parameters = NetworkParameters(
      network, table: ParameterTable(network, outputWidth: network.patchLength, lossPredictor: lossPredictor), contents: [])
    parameters.initialise(seed: 4)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-mining-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let heads = ["num_heads": String(network.encoder.heads), "decoder_num_heads": String(network.decoder.heads)]
    try CheckpointWriter.writeSafetensors(
      parameters.writableTensors, metadata: heads.merging(metadata) { $1 }, to: path, existing: .refuse)
    return try EvaluatedCheckpoint(path, EvaluatedCheckpoint.Reading())
  }

  @Test func `a model that reconstructs features and no pixels is refused in a sentence`() throws {
    let features = try checkpoint(saying: ["target": "ema"])
    let error = #expect(throws: PretrainingConfigurationError.self) { try MiningRegime(MiningSettings(), of: features) }
    #expect(error?.faults.count == 1 && error?.faults[0].hasPrefix("model: it has no decoder that predicts pixels") == true)
  }

  @Test func `predicted losses compare across images only for a model that tells the loss itself, all patches visible`() throws {
    let absolute = try checkpoint(saying: ["predicting_loss": "absolute_raw", "mask_ratio": "0.6", "mode": "masked_average"])
    var settings = MiningSettings()
    let own = try MiningRegime(settings, of: absolute)
    #expect(own.mode == .maskedAverage && own.trueLossRatio == 0.6 && !own.predictionsCompare)
    settings.mode = .fullVisible
    let regime = try MiningRegime(settings, of: absolute)
    #expect(regime.predictionsCompare && regime.comparability.contains("So do the predicted losses"))
    #expect(try !MiningRegime(settings, of: checkpoint(saying: ["predicting_loss": "relative"])).predictionsCompare)
  }

  @Test func `images are ranked from the greatest loss, ties by the first, and none is both hard and easy`() {
    let ranking = ImageRanking([0.5, 2, 0.5, -1, 3])
    #expect(ranking.order == [4, 1, 0, 2, 3] && ranking.ranks == [3, 2, 4, 5, 1])
    #expect(ranking.hardest(2) == [4, 1] && ranking.easiest(2) == [3, 2])
    #expect(ranking.hardest(9) == [4, 1, 0] && ranking.easiest(9) == [3, 2])
    #expect(ImageRanking([1]).hardest(3) == [0] && ImageRanking([1]).easiest(3).isEmpty)
  }

  @Test func `an image's figures are those of its patches`() throws {
    let score = ImageScore(trueLoss: [1, 2, 3, 6], predictedLoss: [-1, 0, 1, 4])
    #expect(score.reconstructionLoss == 3 && score.predictedMinimum == -1 && score.predictedMaximum == 4 && score.predictedMean == 1)
    #expect(abs(Double(score.predictedDeviation) - 3.5.squareRoot()) < 1e-6)
    #expect(abs(try #require(score.spearman) - 1) < 1e-12)
    #expect(ImageScore(trueLoss: [1, 2], predictedLoss: [5, 5]).spearman == nil)
  }

  @Test(arguments: [
    ("plain.png", "plain.png"), ("a,b", "\"a,b\""), ("say \"a\"", "\"say \"\"a\"\"\""), ("two\nlines", "\"two\nlines\""),
    ("return\r", "\"return\r\""), ("\u{2028}", "\"\u{2028}\""),
  ])
  func `a field is quoted where it must be`(text: String, field: String) { #expect(CSVField.text(text) == field) }
}
