import Checkpoints
import Foundation
import TestSupport
import Testing

/// Hugging Face's names for the tensors of a masked autoencoder, of versions 4 and 5.
private enum HuggingFaceNames: CaseIterable {
  case old, new

  /// The name, with `%` where a qkv layer says which of the three it is.
  func name(of name: String) -> String {
    let embeddings = [
      "cls_token": "cls_token", "pos_embed": "position_embeddings", "patch_embed.proj.weight": "patch_embeddings.projection.weight",
      "patch_embed.proj.bias": "patch_embeddings.projection.bias",
    ]
    if let found = embeddings[name] { return "vit.embeddings." + found }
    var parts = name.split(separator: ".").map(String.init)
    let kind = parts.removeLast()
    if parts.first == "norm" { return "vit.layernorm." + kind }
    guard ["blocks", "decoder_blocks"].contains(parts.first ?? "") else { return "decoder." + name }
    let layers = parts[0] == "blocks" ? (self == .old ? "vit.encoder.layer" : "vit.layers") : "decoder.decoder_layers"
    return "\(layers).\(parts[1]).\(inBlock(parts.dropFirst(2).joined(separator: "."))).\(kind)"
  }

  private func inBlock(_ name: String) -> String {
    switch (name, self) {
    case ("norm1", _): "layernorm_before"
    case ("norm2", _): "layernorm_after"
    case ("attn.qkv", .old): "attention.attention.%"
    case ("attn.qkv", .new): "attention.%_proj"
    case ("attn.proj", .old): "attention.output.dense"
    case ("attn.proj", .new): "attention.o_proj"
    case ("mlp.fc1", .old): "intermediate.dense"
    case ("mlp.fc2", .old): "output.dense"
    default: name
    }
  }

  var thirds: [String] { self == .old ? ["query", "key", "value"] : ["q", "k", "v"] }
}

@Suite struct LayoutTests {
  private static func tiny(_ name: String) throws -> Checkpoint { try Checkpoint.open(Fixtures.file("tiny/\(name)").path) }

  private static func written(_ file: HandmadeSafetensors) throws -> TemporaryFile { try TemporaryFile(file.bytes) }

  /// The student without its loss predictor, under Hugging Face's names.
  private static func huggingFace(_ names: HuggingFaceNames) throws -> HandmadeSafetensors {
    let plain = try HandmadeSafetensors(copying: tiny("student.safetensors")) { $0.contains("losspred") ? nil : $0 }
    var file = HandmadeSafetensors()
    for entry in plain.entries {
      let name = names.name(of: entry.name)
      guard name.contains("%") else {
        file.entries.append(.init(name: name, shape: entry.shape, data: entry.data))
        continue
      }
      let size = entry.data.count / 3
      for (third, word) in names.thirds.enumerated() {
        file.entries.append(
          .init(
            name: name.replacingOccurrences(of: "%", with: word), shape: [entry.shape[0] / 3] + entry.shape.dropFirst(),
            data: Array(entry.data[third * size..<(third + 1) * size])))
      }
    }
    return file
  }

  @Test(arguments: HuggingFaceNames.allCases)
  private func `Hugging Face's names, old and new, read equal to the authors'`(names: HuggingFaceNames) throws {
    let file = try Self.written(Self.huggingFace(names))
    let (found, expected) = (try Checkpoint.open(file.path), try Self.tiny("student.safetensors"))
    #expect(found.layout == .huggingFace && found.layerNormEpsilon == 1e-12 && expected.layerNormEpsilon == nil)
    #expect(found.names == expected.names.filter { !$0.contains("losspred") })
    for name in found.names {
      #expect(found.tensors[name] == expected.tensors[name], "\(name)")
      #expect(try found.read(name) == expected.read(name), "\(name)")
    }
    let architecture = try serve(file.path)
    #expect(architecture.lossPredictorRows == nil && architecture.predictsPixels && architecture.encoder.depth == 2)
  }

  @Test func `queries, keys and values that do not fit are all named in one error`() throws {
    var file = try Self.huggingFace(.old)
    let (query, key) = ("attention.attention.query.bias", "attention.attention.key.weight")
    file.entries.removeAll { $0.name == "vit.encoder.layer.0.\(key)" }
    file.add("vit.layers.1.attention.q_proj.bias", [48], [Float](repeating: 0, count: 48))
    file.entries.removeAll { $0.name == "vit.encoder.layer.1.attention.attention.value.bias" }
    let wrong = try #require(file.entries.firstIndex { $0.name == "decoder.decoder_layers.0.\(query)" })
    file.entries[wrong].shape = [4, 8]
    let written = try Self.written(file)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(written.path) }
    let reason = try #require(error?.reason)
    #expect(reason.contains("\"blocks.0.attn.qkv.weight\" is made of query, value, where it needs one query, one key and one value"))
    #expect(reason.contains("\"blocks.1.attn.qkv.bias\" is made of query, query, key, where it needs"))
    #expect(reason.contains("\"decoder_blocks.0.attn.qkv.bias\" differ in shape or type: float32 [4, 8], float32 [32], float32 [32]"))
  }

  @Test(arguments: ["student-f16.safetensors", "student-bf16.safetensors", "half.pth"])
  func `half precision reads as float32 within half a unit of its last place`(name: String) throws {
    let (found, expected) = (try Self.tiny(name), try Self.tiny("student.safetensors"))
    let unit: Float = name.contains("bf16") ? 0x1p-8 : 0x1p-11
    #expect(found.names == expected.names)
    for name in found.names {
      let (values, exact) = (try found.read(name), try expected.read(name))
      #expect(values.count == exact.count)
      // 2⁻²⁵: half the spacing of float16's subnormal numbers.
      #expect(zip(values, exact).allSatisfy { abs($0 - $1) <= max(unit * abs($1), 0x1p-25) }, "\(name)")
    }
  }

  @Test func `the mini checkpoints read alike in the zip and the legacy format`() throws {
    for choice in Checkpoint.WeightChoice.allCases {
      let zip = try Checkpoint.open(Fixtures.file("mini/hpm.pth").path, weights: choice)
      let legacy = try Checkpoint.open(Fixtures.file("mini/hpm-legacy.pth").path, weights: choice)
      #expect(zip.container == .torchZIP && legacy.container == .torchLegacy && zip.weights == legacy.weights)
      #expect(zip.weights == (choice == .student ? .student : .ema) && zip.names == ["cls_token", "decoder_pred.weight", "norm.weight"])
      for name in zip.names { #expect(try zip.read(name) == legacy.read(name), "\(name)") }
      #expect(zip.metadata["args.num_heads"] == "2" && zip.metadata["model"] == "hpm_mini" && zip.metadata == legacy.metadata)
    }
  }

  @Test func `one element of a storage read whole or piece by piece is the same`() throws {
    let elements = 4096
    var file = HandmadePickle()
    file.opcode("}")
    for (name, shape, strides) in [("sparse", [2, 8], [2048, 256]), ("dense", [elements], [1])] {
      file.text(name)
      file.tensor(storage: "0", elements: elements, shape: shape, strides: strides)
      file.opcode("s")
    }
    var archive = HandmadeZIP()
    archive.add("a/data.pkl", file.bytes + Array(".".utf8))
    archive.add("a/data/0", (0..<elements).flatMap { littleEndian(Int(Float($0).bitPattern), 4) })
    let written = try TemporaryFile(archive.bytes)
    let checkpoint = try Checkpoint.open(written.path)
    #expect(try checkpoint.read("sparse") == (0..<16).map { Float(256 * $0) })
    #expect(try checkpoint.read("dense") == (0..<elements).map { Float($0) })
  }
}

@Suite struct WeightChoiceTests {
  private static func open(_ metadata: [String: String], _ choice: Checkpoint.WeightChoice) throws -> Checkpoint.WeightSource {
    var file = HandmadeSafetensors(metadata: metadata)
    file.add("cls_token", [1, 1, 4], [1, 2, 3, 4])
    let written = try TemporaryFile(file.bytes)
    return try Checkpoint.open(written.path, weights: choice).weights
  }

  @Test func `the EMA teacher is taken before the student`() throws {
    let path = Fixtures.file("tiny/hpm.pth").path
    #expect(try Checkpoint.open(path).weights == .ema)
    #expect(try Checkpoint.open(path, weights: .ema).weights == .ema)
    #expect(try Checkpoint.open(path, weights: .student).weights == .student)
  }

  @Test func `a file without the weights that were asked for says so`() throws {
    #expect(try Self.open([:], .automatic) == .plain && Self.open(["weights": "ema"], .ema) == .ema)
    let error = #expect(throws: CheckpointError.self) { try Self.open(["weights": "student"], .ema) }
    #expect(error?.reason == "it holds student weights, not the ema weights that were asked for")
    for (choice, key) in [(Checkpoint.WeightChoice.ema, "ema_state_dict"), (.student, "state_dict")] {
      let path = Fixtures.file("tiny/bare.pth").path
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path, weights: choice) }
      #expect(error?.reason == "it has no \(choice.rawValue) weights (\(key) is missing)")
    }
  }

  @Test func `missing, unexpected and misshapen tensors are all named in one error`() throws {
    var file = try HandmadeSafetensors(copying: Checkpoint.open(Fixtures.file("tiny/student.safetensors").path)) {
      ["norm.bias", "blocks.1.mlp.fc2.weight", "decoder_pred_losspred.bias"].contains($0) ? nil : $0
    }
    for (name, shape) in [("cls_token", [48]), ("decoder_blocks.0.norm1.weight", [4, 8])] {
      let index = try #require(file.entries.firstIndex { $0.name == name })
      file.entries[index].shape = shape
    }
    file.add("head.weight", [1], [0])
    file.add("blocks.1.attn.relative_position", [1], [0])
    file.entries.removeAll { $0.name == "mask_token" }
    file.entries.append(.init(name: "mask_token", shape: [1, 1, 32], type: "U8", data: [UInt8](repeating: 0, count: 32)))
    let written = try TemporaryFile(file.bytes)
    let error = #expect(throws: CheckpointError.self) { try serve(written.path) }
    let reason = try #require(error?.reason)
    for phrase in [
      "missing: \"norm.bias\" [48]", "missing: \"blocks.1.mlp.fc2.weight\" [48, 192]", "missing: \"decoder_pred_losspred.bias\"",
      "\"cls_token\" has the shape [48], the network needs [1, 1, 48]",
      "\"decoder_blocks.0.norm1.weight\" has the shape [4, 8], the network needs [32]",
      "unexpected: \"blocks.1.attn.relative_position\", \"head.weight\"",
      "\"mask_token\" holds uint8, not floating-point numbers",
    ] { #expect(reason.contains(phrase), "\(phrase) is not in \(reason)") }
  }

  @Test func `a file of something else says what a network needs, all at once`() throws {
    var file = HandmadeSafetensors()
    file.add("pos_embed", [3], [0, 0, 0])
    let written = try TemporaryFile(file.bytes)
    let error = #expect(throws: CheckpointError.self) { try serve(written.path) }
    let reason = try #require(error?.reason)
    for name in ["patch_embed.proj.weight\" is missing", "decoder_embed.weight\" is missing", "pos_embed\" has the shape [3]"] {
      #expect(reason.contains(name), "\(reason)")
    }
  }

  @Test func `what is wrong everywhere is not listed without end`() throws {
    var file = try HandmadeSafetensors(copying: Checkpoint.open(Fixtures.file("tiny/student.safetensors").path))
    for index in 0..<2000 { file.add("extra.\(index)", [1], [0]) }
    let written = try TemporaryFile(file.bytes)
    let error = #expect(throws: CheckpointError.self) { try serve(written.path) }
    #expect(error?.reason.hasSuffix("and 1500 more") == true && error?.reason.contains("\"extra.0\", \"extra.1\"") == true)
  }
}
