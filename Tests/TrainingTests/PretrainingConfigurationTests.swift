import Foundation
import Kernels
import Masking
import TestSupport
import Testing
import VisionModels

@testable import Training

@Suite struct PretrainingConfigurationTests {
  private func faults(preset: String? = nil, file: String? = nil, _ assignments: String...) -> [String] {
    do throws(PretrainingConfigurationError) {
      _ = try PretrainingConfiguration.resolved(preset: preset, file: file.map { Array($0.utf8) }, assignments: assignments)
      return []
    } catch { return error.faults }
  }

  private func resolved(
    preset: String? = nil, file: String? = nil, _ assignments: String...
  ) throws(PretrainingConfigurationError) -> PretrainingConfiguration {
    try .resolved(preset: preset, file: file.map { Array($0.utf8) }, assignments: assignments)
  }

  @Test(arguments: PretrainingConfiguration.presetNames)
  func `every preset can run, and reads back from its JSON with nothing left out`(name: String) throws {
    let preset = try #require(PretrainingConfiguration.preset(name))
    #expect(preset.faults.isEmpty)
    #expect(try resolved(preset: "test", file: preset.json.pretty) == preset)
    for option in PretrainingOption.all { #expect(preset.json[option.group]?[option.key] == option.show(preset), "\(option.path)") }
    #expect(try JSONDecoder().decode(PretrainingConfiguration.self, from: JSONEncoder().encode(preset)) == preset)
    #expect(preset.modelConfiguration.grid.count > 0)
  }

  @Test func `every stored value has an option, and every option its own path within its group`() {
    func leaves(_ value: Any) -> Int { Mirror(reflecting: value).children.count }
    let groups = Mirror(reflecting: PretrainingConfiguration()).children
    #expect(groups.reduce(0) { $0 + leaves($1.value) } == PretrainingOption.all.count)
    #expect(Set(PretrainingOption.all.map(\.path)).count == PretrainingOption.all.count)
    #expect(PretrainingConfiguration.groupNames == groups.map { $0.label ?? "" })
    for group in groups {
      #expect(leaves(group.value) == PretrainingOption.all.count { $0.group == group.label }, "\(group.label ?? "")")
    }
  }

  @Test(arguments: PretrainingOption.all.map(\.path))
  func `every option sets its value alone, shows what it read, and refuses what it does not allow`(path: String) throws {
    let option = try #require(PretrainingOption.all.first { $0.path == path })
    for wrong in [JSONValue.object([]), .array([]), .number(-1.5), .text(""), .text("no such word")] {
      var configuration = PretrainingConfiguration()
      let isRead = option.read(wrong, &configuration)
      #expect(!isRead || wrong == .text("no such word"))
      #expect(isRead || configuration == PretrainingConfiguration(), "\(path) took part of \(wrong.compact)")
    }
    let values: [JSONValue] =
      [
        .integer(1), .integer(64), .number(0.5), .number(0.001), .truth(true), .text("ema"), .text("bf16"), .text("low"), .null,
        .text(String(repeating: "0f", count: 32)),
      ]
      + MaskStrategy.allCases.map { .text($0.rawValue) } + ["step", "masked_average", "absolute", "share"].map { .text($0) }
    var changes = 0
    for value in values {
      var changed = PretrainingConfiguration()
      guard option.read(value, &changed) else { continue }
      #expect(option.show(changed).decimal == value.decimal)
      if changed != PretrainingConfiguration() {
        changes += 1
        #expect(changed.differences(from: PretrainingConfiguration()).count == 1)
      }
    }
    #expect(changes > 0, "no value changes \(path)")
    #expect(option.meaning.hasSuffix("."))
    #expect(PretrainingOption.documentation().contains("\(path) = \(option.show(PretrainingConfiguration()).compact)\n"))
  }

  @Test func `the page about configuration lists every option and preset as the program does`() throws {
    let page = try String(contentsOf: Fixtures.root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
    let expected = PretrainingOption.documentation()
    #expect(page.contains("```text\n\(expected)```\n"), "docs/configuration.md is to say:\n\(expected)")
  }

  @Test func `an assignment comes before the file, the file before the preset, and the rest stays`() throws {
    let file = #"{"mask": {"ratio": 0.5, "alpha0": 1}, "run": {"threads": 3}}"#
    let configuration = try resolved(preset: "small32", file: file, "mask.ratio=0.6", "optimizer.clip_norm=null")
    #expect(configuration.mask.ratio == 0.6)
    #expect(configuration.mask.alpha0 == 1)
    #expect(configuration.run.threads == 3)
    #expect(configuration.optimizer.clipNorm == nil)
    #expect(configuration.model.patchSize == 4)
    #expect(try resolved() == PretrainingConfiguration.preset("vit_base_200"))
  }

  @Test func `assignments are read by the type of their option`() throws {
    let configuration = try resolved(
      "data.path=2024", "target.norm_pix=true", "optimizer.learning_rate=1e-3", "model.image_size=96", "run.precision=bf16",
      "mask.strategy=easy", "schedule.epochs=3e1", "schedule.warmup_epochs=2")
    #expect(configuration.data.path == "2024")
    #expect(configuration.target.normPix)
    #expect(configuration.peakLearningRate == 1e-3)
    #expect(configuration.grid == PatchGrid(rows: 6, columns: 6))
    #expect(configuration.run.precision == .bfloat16)
    #expect(configuration.mask.strategy == .easy)
    #expect(configuration.schedule.epochs == 30)
    #expect(try resolved("data.path=a=b").data.path == "a=b")
  }

  @Test func `names every unknown key and every wrong value at once`() {
    let file = #"{"mask": {"ratio": "high", "alfa": 1}, "optimiser": {"beta1": 0.9}, "loss": 3, "data": {"cache_bytes": 1.5}}"#
    #expect(
      faults(preset: "vit_bass", file: file, "run.seed=-1", "run.threads", "target.norm_pix=1", "mask.strategy=hardest", "epochs=3")
        == [
          "vit_bass: there is no such preset; there are vit_base_200, vit_large_800, vit_small, vit_tiny, tiny128, small32, test",
          "mask.ratio: expected a number, 0.0 to 1.0, found \"high\"",
          "mask.alfa: there is no such option; mask has ratio, alpha0",
          "optimiser: there is no such group; there are model, data, mask, target, loss, optimizer, schedule, evaluation, run",
          "loss: expected an object of options, found 3",
          "data.cache_bytes: expected a whole number, 0 to 1125899906842624, found 1.5",
          "run.seed: expected a whole number, 0 to 9007199254740991, found -1",
          "run.threads: expected group.key=value, such as mask.ratio=0.5",
          "target.norm_pix: expected true or false, found 1",
          "mask.strategy: expected one of hard, easy, random, block, uniform, square, simmim, attention, found \"hardest\"",
          "epochs: there is no such group; there are model, data, mask, target, loss, optimizer, schedule, evaluation, run",
        ].map { $0.replacing("mask has ratio, alpha0", with: "mask has \(maskKeys)") })
    #expect(faults(file: "[1]") == ["expected an object of groups such as {\"mask\": {\"ratio\": 0.5}}, found [1]"])
    #expect(faults(file: "{") == ["the file is not JSON: line 1, column 2: expected a name in quotation marks"])
    #expect(
      faults(file: "{\"mask\": {\"ratio\": 0.5,\n \"ratio\": 0.6}}") == [
        "the file is not JSON: line 2, column 9: the name \"ratio\" stands twice in one object"
      ])
  }

  private var maskKeys: String { PretrainingOption.all.filter { $0.group == "mask" }.map(\.key).joined(separator: ", ") }

  @Test(arguments: [
    (["model.image_size=225"], "model.image_size"), (["model.encoder_width=772"], "model.encoder_width"),
    (["model.encoder_width=774", "model.encoder_heads=3"], "model.encoder_width"),
    (["model.decoder_heads=3"], "model.decoder_width"), (["mask.ratio=0"], "mask.ratio"), (["mask.ratio=1"], "mask.ratio"),
    (["mask.strategy=uniform", "mask.ratio=0.5"], "mask.strategy"), (["loss.predicting=none"], "mask.strategy"),
    (["model.image_size=224x210"], "model.image_size"),
    (["target.kind=ema", "target.norm_pix=true"], "target.norm_pix"),
    (["data.crop_scale_min=0.9", "data.crop_scale_max=0.5"], "data.crop_scale_min"),
    (["data.crop_ratio_min=2"], "data.crop_ratio_min"), (["optimizer.accumulation=3"], "optimizer.accumulation"),
    (["schedule.warmup_epochs=201"], "schedule.warmup_epochs"), (["schedule.min_learning_rate=1"], "schedule.min_learning_rate"),
    (["evaluation.held_back_images=1"], "evaluation.contact_sheet_images"),
    (["mask.ratio=0.1", "mask.teacher_view=masked_average", "mask.teacher_views=9", "evaluation.views=10"], "mask.teacher_views"),
    (["mask.ratio=0.1"], "evaluation.views"),
  ])
  func `values that contradict each other are refused`(assignments: [String], key: String) {
    #expect(throws: PretrainingConfigurationError.self) { try PretrainingConfiguration.resolved(assignments: assignments) }
    do throws(PretrainingConfigurationError) { _ = try .resolved(assignments: assignments) as PretrainingConfiguration } catch {
      #expect(error.faults.count == 1 && error.faults[0].hasPrefix("\(key): "), "\(error)")
    }
  }

  @Test func `every row of the paper's tables is a few assignments away`() throws {
    for target in ["target.kind=pixels", "target.kind=ema"] {
      _ = try resolved(target, "loss.predicting=none", "mask.strategy=random")
      _ = try resolved(target, "mask.alphaT=0")
    }
    for (alpha0, alphaT) in [(0.0, 0.0), (0, 0.5), (0, 1), (1, 1), (0.5, 0)] {
      for ratio in [0.5, 0.75, 0.9] { _ = try resolved("mask.ratio=\(ratio)", "mask.alpha0=\(alpha0)", "mask.alphaT=\(alphaT)") }
    }
    _ = try resolved("mask.strategy=easy")
    _ = try resolved(preset: "small32", "loss.predicting=none", "mask.strategy=random")
    _ = try resolved("loss.predicting=absolute")
  }

  @Test func `the authors' run and the reference's small one are as they are described`() throws {
    let base = try resolved()
    #expect(base.peakLearningRate == 1.2e-3 && base.optimizer.batchSize == 2048 && base.schedule.epochs == 200)
    #expect(base.modelConfiguration == .preset("vit_base"))
    #expect(base.easyToHard == EasyToHardSchedule(alpha0: 0, alphaT: 0.5, clock: .epoch))
    let large = try resolved(preset: "vit_large_800")
    #expect(large.modelConfiguration == .preset("vit_large") && large.schedule.epochs == 800)
    let small = try resolved(preset: "small32")
    #expect(small.grid.count == 64 && small.modelConfiguration.encoder.hiddenWidth == 512)
    #expect(small.peakLearningRate == 1.5e-3 && small.optimizer.batchSize == 256 && small.loss.epsLog)
    #expect(small.teacherMomentum.momentum(epoch: 0) == 0.99 && small.teacherMomentum.momentum(epoch: 11) == 0.99)
    #expect(try resolved(preset: "small32", "mask.ratio=0.5").differences(from: small) == ["mask.ratio is 0.5, not 0.75"])
  }
}
