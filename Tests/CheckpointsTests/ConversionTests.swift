import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct ConversionTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private static func tiny(_ name: String) -> String { Fixtures.file("tiny/\(name)").path }

  /// Whether a layout has a place for a tensor, said once more.
  private static func belongs(_ name: String, to layout: KeyLayout) -> Bool {
    let isEncoder =
      ["cls_token", "pos_embed", "norm.weight", "norm.bias"].contains(name) || name.hasPrefix("blocks.") || name.hasPrefix("patch")
    return switch layout {
    case .hpm: true
    case .mae, .huggingFace: !name.contains("losspred")
    case .timm: isEncoder
    case .clip: false
    case .vitDet: isEncoder && name != "cls_token" && !name.hasPrefix("norm")
    }
  }

  @Test(
    arguments: ["hpm.pth", "hpm-legacy.pth", "mae.pth", "bare.pth", "half.pth", "student.safetensors", "student-bf16.safetensors"],
    KeyLayout.writable)
  func `every layout gives back the numbers bit for bit`(file: String, layout: KeyLayout) throws {
    let source = try Checkpoint.open(Self.tiny(file))
    for (name, format) in [("a.pth", CheckpointConversion.Format.torch), ("a.safetensors", .safetensors)] {
      let outcome = try CheckpointConversion(format: format, layout: layout).convert(source.path, to: folder.path(name))
      let made = try Checkpoint.open(folder.path(name))
      #expect(made.names == source.names.filter { Self.belongs($0, to: layout) })
      #expect(made.layout == (layout == .timm ? .mae : layout) && outcome.layout == layout)
      #expect(Set(outcome.leftOut) == Set(source.names).subtracting(made.names))
      for name in made.names {
        #expect(made.tensors[name] == source.tensors[name])
        #expect(try made.read(name).map(\.bitPattern) == source.read(name).map(\.bitPattern), "\(name)")
      }
    }
  }

  @Test(arguments: [(ElementType.float16, "student-f16.safetensors"), (.bfloat16, "student-bf16.safetensors")])
  func `narrowing rounds as PyTorch does`(type: ElementType, twin: String) throws {
    let path = folder.path("a.pth")
    _ = try CheckpointConversion(format: .torch, elementType: type).convert(Self.tiny("student.safetensors"), to: path)
    let (made, expected) = (try Checkpoint.open(path), try Checkpoint.open(Self.tiny(twin)))
    #expect(made.tensors == expected.tensors)
    for name in made.names { #expect(try made.read(name).map(\.bitPattern) == expected.read(name).map(\.bitPattern)) }
  }

  @Test func `a .pth of the authors' layout keeps student and teacher, a single set of EMA weights stands for both`() throws {
    let both = try CheckpointConversion(format: .torch).convert(Self.tiny("hpm.pth"), to: folder.path("both.pth"))
    #expect(both.weights == [.ema, .student])
    for (choice, twin) in [(Checkpoint.WeightChoice.ema, "teacher.safetensors"), (.student, "student.safetensors")] {
      let (made, expected) = (try Checkpoint.open(folder.path("both.pth"), weights: choice), try Checkpoint.open(Self.tiny(twin)))
      for name in expected.names { #expect(try made.read(name) == expected.read(name)) }
    }
    let one = try CheckpointConversion(format: .torch, weights: .ema).convert(Self.tiny("hpm.pth"), to: folder.path("one.pth"))
    #expect(one.weights == [.ema])
    let made = try Checkpoint.open(folder.path("one.pth"))
    #expect(made.weights == .ema && made.availableWeights == [.ema, .student])
    #expect(try folder.bytes("one.pth").count * 3 < folder.bytes("both.pth").count * 2)
    _ = try CheckpointConversion(format: .safetensors, weights: .student).convert(folder.path("both.pth"), to: folder.path("s.safetensors"))
    #expect(try Checkpoint.open(folder.path("s.safetensors")).weights == .student)
  }

  @Test func `heads and metadata travel both ways, and what is set goes over them`() throws {
    let source = Fixtures.root.appendingPathComponent("Models/tiny128.safetensors").path
    _ = try CheckpointConversion(format: .torch, metadata: ["mask_ratio": "0.6"]).convert(source, to: folder.path("a.pth"))
    let middle = try Checkpoint.open(folder.path("a.pth"))
    #expect(middle.metadata["config.mask_ratio"] == "0.6" && middle.metadata["config.mode"] == "masked_average")
    _ = try CheckpointConversion(format: .safetensors, metadata: ["mask_ratio": "0.75"])
      .convert(folder.path("a.pth"), to: folder.path("b.safetensors"))
    let (first, last) = (try Checkpoint.open(source), try Checkpoint.open(folder.path("b.safetensors")))
    #expect(last.metadata == first.metadata.merging(["format": "pt", "model": "custom"]) { $1 })
    #expect(try CheckpointArchitecture(of: last) == CheckpointArchitecture(of: first))
  }

  @Test func `given heads are recorded, and refused where they do not fit`() throws {
    let source = Self.tiny("student.safetensors")
    let silent = try CheckpointConversion(format: .safetensors).convert(source, to: folder.path("a.safetensors"))
    #expect(silent.notes.contains { $0.contains("--heads") })
    let told = try CheckpointConversion(format: .safetensors, heads: 3, decoderHeads: 2).convert(source, to: folder.path("b.safetensors"))
    #expect(told.notes.isEmpty)
    #expect(try CheckpointArchitecture(of: Checkpoint.open(folder.path("b.safetensors"))).encoder.heads == 3)
    #expect(throws: CheckpointError.self) {
      try CheckpointConversion(format: .safetensors, heads: 5, decoderHeads: 2).convert(source, to: folder.path("c.safetensors"))
    }
    #expect(try folder.names == ["a.safetensors", "b.safetensors"])
  }

  @Test func `what is added to variances is told where the layout's own differs`() throws {
    _ = try CheckpointConversion(format: .safetensors, layout: .huggingFace)
      .convert(Self.tiny("student.safetensors"), to: folder.path("a.safetensors"))
    let theirs = try Checkpoint.open(folder.path("a.safetensors"))
    #expect(theirs.layerNormEpsilon == 1e-6)
    _ = try CheckpointConversion(format: .torch, layout: .mae, metadata: ["layer_norm_eps": "1e-12"])
      .convert(theirs.path, to: folder.path("b.pth"))
    #expect(try Checkpoint.open(folder.path("b.pth")).layerNormEpsilon == 1e-12)
  }

  @Test func `names of Hugging Face's versions 4 and 5 come from one table`() throws {
    for name in try Checkpoint.open(Self.tiny("student.safetensors")).names {
      let names = KeyMapping.names(of: name, in: .huggingFace)
      #expect(names.count == (name.contains("losspred") ? 0 : name.contains("qkv") ? 3 : 1))
      for (theirs, place) in names { #expect(HuggingFaceNames.place(of: theirs) == place) }
    }
    let pairs = [
      ("vit.layers.11.attention.k_proj.bias", "blocks.11.attn.qkv.bias"), ("vit.layers.0.mlp.fc1.weight", "blocks.0.mlp.fc1.weight"),
      ("decoder.decoder_layers.7.attention.o_proj.weight", "decoder_blocks.7.attn.proj.weight"),
      ("decoder.decoder_encoder.layer.0.intermediate.dense.bias", "decoder_blocks.0.mlp.fc1.bias"),
    ]
    for (theirs, own) in pairs { #expect(HuggingFaceNames.place(of: theirs).name == own) }
  }

  @Test func `numbers that are not finite are refused unless allowed, and counted`() throws {
    let tensor = WritableTensor(name: "t", shape: [4]) { _, destination in
      destination[1] = .nan
      destination[2] = -.infinity
    }
    try CheckpointWriter.writeSafetensors([tensor], metadata: [:], to: folder.path("in.safetensors"), existing: .refuse)
    #expect(throws: CheckpointError.self) {
      try CheckpointConversion(format: .torch).convert(folder.path("in.safetensors"), to: folder.path("out.pth"))
    }
    #expect(try folder.names == ["in.safetensors"])
    _ = try CheckpointConversion(format: .torch, elementType: .float16, nonFinite: .allow)
      .convert(folder.path("in.safetensors"), to: folder.path("out.pth"))
    let survey = try CheckpointSurvey(of: Checkpoint.open(folder.path("out.pth"), nonFinite: .allow))
    #expect(survey.entries.map(\.nonFiniteCount) == [2] && survey.architecture == nil && survey.obstacle != nil)
  }

  @Test func `a file without a tensor for the layout is refused`() throws {
    #expect(throws: CheckpointError.self) {
      try CheckpointConversion(format: .torch, layout: .timm).convert(Self.tiny("strided.pth"), to: folder.path("a.pth"))
    }
    #expect(try folder.names == [])
  }

  @Test func `a strided view is written as the dense tensor it shows`() throws {
    _ = try CheckpointConversion(format: .safetensors).convert(Self.tiny("strided.pth"), to: folder.path("a.safetensors"))
    let made = try Checkpoint.open(folder.path("a.safetensors"))
    #expect(try made.read("t") == (0..<48).map { Float($0 % 6 * 8 + $0 / 6) } && made.read("col") == (0..<6).map { Float($0 * 8 + 3) })
  }

  @Test func `a survey says what is missing, unexpected or misshapen`() throws {
    let source = try Checkpoint.open(Self.tiny("student.safetensors"))
    let whole = try CheckpointSurvey(of: source, heads: 3, decoderHeads: 2)
    #expect(whole.obstacle == nil && whole.problems.isEmpty && whole.hasKnownHeads && whole.entries.count == 90)
    #expect(whole.entries.reduce(0) { $0 + $1.byteCount } + 8 < source.fileByteCount)
    #expect(try CheckpointSurvey(of: source).hasKnownHeads == false)
    let renamed = source.names.map { name in
      WritableTensor(
        name: name == "norm.bias" ? "head.bias" : name, shape: name == "cls_token" ? [48] : source.tensors[name]?.shape ?? []
      ) { first, destination in try source.read(name, from: first, into: &destination) }
    }
    try CheckpointWriter.writeSafetensors(renamed, metadata: [:], to: folder.path("a.safetensors"), existing: .refuse)
    let broken = try CheckpointSurvey(of: Checkpoint.open(folder.path("a.safetensors")), heads: 3, decoderHeads: 2)
    #expect(broken.problems.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.misshapen, .missing, .unexpected])
    #expect(broken.problems.contains { $0.kind == .missing && $0.detail == "\"norm.bias\" [48]" })
    #expect(broken.obstacle?.contains("\"head.bias\"") == true && broken.architecture == nil)
  }
}
