import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Encoders of other families: timm's, DINO's and CLIP's files.
@Suite struct TowerFileTests {
  private static func open(_ name: String, _ weights: Checkpoint.WeightChoice = .automatic) throws -> Checkpoint {
    try Checkpoint.open(Fixtures.file("towers/\(name)").path, weights: weights)
  }

  private static func reason(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }

  @Test func `a TorchScript archive of CLIP gives the image tower under timm's names`() throws {
    let checkpoint = try Self.open("clip.pt")
    #expect(checkpoint.layout == .clip && checkpoint.container == .torchZIP && checkpoint.layerNormEpsilon == 1e-5)
    #expect(checkpoint.tensors["cls_token"]?.shape.dimensions == [1, 1, 32])
    #expect(checkpoint.tensors["pos_embed"]?.shape.dimensions == [1, 17, 32])
    #expect(checkpoint.tensors["head.weight"]?.shape.dimensions == [24, 32])
    #expect(checkpoint.tensors["patch_embed.proj.weight"]?.type == .float16)
    #expect(!checkpoint.names.contains { $0.contains("token_embedding") || $0.contains("resblocks") })
    let architecture = try TowerArchitecture(of: checkpoint, heads: 2)
    #expect(architecture.hasFirstNorm && !architecture.hasPatchBias && architecture.activation == .quickGELU)
    #expect(architecture.featureWidth == 24 && architecture.patchCount == 16 && architecture.patchSize == 4)
  }

  @Test func `DINO's checkpoint gives the teacher, or the student if asked, without its head`() throws {
    let (whole, flat) = (try Self.open("dino-full.pth"), try Self.open("dino.pth"))
    #expect(whole.weights == .ema && whole.availableWeights == [.ema, .student] && whole.names == flat.names)
    #expect(try whole.read("blocks.1.mlp.fc2.weight") == flat.read("blocks.1.mlp.fc2.weight"))
    let student = try Self.open("dino-full.pth", .student)
    #expect(student.names == flat.names)
    #expect(try student.read("blocks.1.mlp.fc2.weight") != flat.read("blocks.1.mlp.fc2.weight"))
    #expect(whole.metadata["args.arch"] == "vit_small")
  }

  @Test func `heads and decoders are passed over, everything else is named`() throws {
    let classifier = try TowerArchitecture(of: Self.open("timm.pth"), heads: 2)
    #expect(classifier.featureWidth == 32 && classifier.projectedWidth == nil && classifier.hasPatchBias)
    let autoencoder = try TowerArchitecture(of: Checkpoint.open(Fixtures.file("tiny/hpm.pth").path), heads: 3)
    #expect(autoencoder.encoder.width == 48 && autoencoder.patchCount == 36 && autoencoder.layerNormEpsilon == 1e-6)
    var file = try HandmadeSafetensors(copying: Self.open("timm.pth")) { $0 == "blocks.1.norm2.bias" ? nil : $0 }
    file.add("blocks.0.ls1.gamma", [32], [Float](repeating: 1, count: 32))
    let made = try TemporaryFile(file.bytes)
    let reason = Self.reason { _ = try TowerArchitecture(of: Checkpoint.open(made.path), heads: 2) }
    #expect(reason.contains("missing: 'blocks.1.norm2.bias'") || reason.contains("missing: \"blocks.1.norm2.bias\""), "\(reason)")
    #expect(reason.contains("blocks.0.ls1.gamma"))
  }

  @Test func `heads that nothing tells are asked for, and must divide the width`() throws {
    for name in ["timm.pth", "dino.pth", "clip.pt"] {
      let checkpoint = try Self.open(name)
      #expect(Self.reason { _ = try TowerArchitecture(of: checkpoint) }.contains("--heads"))
      #expect(Self.reason { _ = try TowerArchitecture(of: checkpoint, heads: 5) }.contains("do not divide"))
    }
  }

  @Test func `CLIP's own width tells its heads, one for 64 numbers`() throws {
    let width = 128
    var file = HandmadeSafetensors()
    func zeros(_ name: String, _ shape: [Int]) {
      file.add("visual." + name, shape, [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    zeros("conv1.weight", [width, 3, 2, 2])
    zeros("class_embedding", [width])
    zeros("positional_embedding", [5, width])
    zeros("proj", [width, 4])
    let block = "transformer.resblocks.0."
    zeros(block + "attn.in_proj_weight", [3 * width, width])
    zeros(block + "attn.in_proj_bias", [3 * width])
    for (layer, outputs, inputs) in [("attn.out_proj", width, width), ("mlp.c_fc", 4 * width, width), ("mlp.c_proj", width, 4 * width)] {
      zeros(block + layer + ".weight", [outputs, inputs])
      zeros(block + layer + ".bias", [outputs])
    }
    for norm in ["ln_pre", "ln_post", block + "ln_1", block + "ln_2"] {
      zeros(norm + ".weight", [width])
      zeros(norm + ".bias", [width])
    }
    let made = try TemporaryFile(file.bytes)
    #expect(try TowerArchitecture(of: Checkpoint.open(made.path)).encoder.heads == 2)
  }

  @Test func `CLIP is written as timm names it, and asked for the layout otherwise`() throws {
    let folder = try ScratchFolder()
    let source = Fixtures.file("towers/clip.pt").path
    let conversion = CheckpointConversion(format: .safetensors, layout: .timm)
    let outcome = try conversion.convert(source, to: folder.path("clip.safetensors"))
    #expect(outcome.leftOut == ["head.weight"])
    let made = try Checkpoint.open(folder.path("clip.safetensors"))
    #expect(made.layerNormEpsilon == 1e-5 && made.names.contains("norm_pre.weight"))
    let reason = Self.reason { _ = try CheckpointConversion(format: .torch).convert(source, to: folder.path("clip.pth")) }
    #expect(reason.contains("--layout timm"), "\(reason)")
  }

  // MARK: Archives made to harm

  /// A TorchScript archive whose module is what `body` pushes.
  private static func script(_ body: (inout HandmadePickle) -> Void) throws -> TemporaryFile {
    var pickle = HandmadePickle()
    body(&pickle)
    var archive = HandmadeZIP()
    archive.add("a/data.pkl", pickle.bytes + Array(".".utf8))
    archive.add("a/constants.pkl", [])
    return try TemporaryFile(archive.bytes)
  }

  private static func module(_ pickle: inout HandmadePickle) {
    pickle.global("__torch__", "Module")
    pickle.opcode(")")
    pickle.opcode(0x81)
  }

  @Test func `modules that hold themselves are refused`() throws {
    let file = try Self.script { pickle in
      Self.module(&pickle)
      pickle.remember(0)
      pickle.opcode("}(")
      pickle.text("inner")
      pickle.recall(0)
      pickle.opcode("ub")
    }
    let reason = Self.reason { _ = try Checkpoint.open(file.path) }
    #expect(reason.contains("more modules than any model"), "\(reason)")
  }

  @Test func `a script may name its own classes, and no others`() throws {
    let file = try Self.script { pickle in
      pickle.global("os", "system")
      pickle.opcode(")")
      pickle.opcode(0x81)
    }
    #expect(Self.reason { _ = try Checkpoint.open(file.path) }.contains("os.system"))
    var pickle = HandmadePickle()
    Self.module(&pickle)
    let plain = try TemporaryFile(pickle.zipFile())
    #expect(Self.reason { _ = try Checkpoint.open(plain.path) }.contains("__torch__.Module"))
  }

  @Test func `a script without tensors says so`() throws {
    let file = try Self.script { Self.module(&$0) }
    #expect(Self.reason { _ = try Checkpoint.open(file.path) }.contains("holds no tensors"))
  }

  @Test func `two tensors that would have one name are refused`() throws {
    var file = HandmadeSafetensors()
    file.add("visual.class_embedding", [4], [0, 0, 0, 0])
    file.add("visual.cls_token", [4], [0, 0, 0, 0])
    let made = try TemporaryFile(file.bytes)
    #expect(Self.reason { _ = try Checkpoint.open(made.path) }.contains("under two names"))
  }
}
