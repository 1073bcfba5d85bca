import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointTests {
  private static func open(_ name: String, _ weights: Checkpoint.WeightChoice = .automatic) throws -> Checkpoint {
    try Checkpoint.open(Fixtures.file("tiny/\(name)").path, weights: weights)
  }

  @Test(arguments: [
    ("hpm.pth", Checkpoint.WeightChoice.automatic, "teacher.safetensors", Float(0)), ("hpm.pth", .student, "student.safetensors", 0),
    ("hpm-legacy.pth", .ema, "teacher.safetensors", 0), ("hpm-legacy.pth", .student, "student.safetensors", 0),
    ("bare.pth", .automatic, "student.safetensors", 0), ("mae.pth", .automatic, "student.safetensors", 0),
    ("half.pth", .automatic, "student-f16.safetensors", 0), ("student-bf16.safetensors", .automatic, "student.safetensors", 0.01),
  ])
  func `every layout holds the same weights`(file: String, weights: Checkpoint.WeightChoice, twin: String, tolerance: Float) throws {
    let (found, expected) = (try Self.open(file, weights), try Self.open(twin))
    for name in found.names {
      let (a, b) = (try found.read(name), try expected.read(name))
      #expect(a.count == b.count)
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }, "\(name) differs")
    }
    #expect(found.names == expected.names || file == "mae.pth")
  }

  @Test func `says which weights it took and what the file says of itself`() throws {
    let trained = try Self.open("hpm.pth")
    #expect(trained.weights == .ema && trained.container == .torchZIP && trained.layout == .hpm)
    #expect(try Self.open("hpm-legacy.pth").container == .torchLegacy)
    let mae = try Self.open("mae.pth")
    #expect(mae.weights == .plain && mae.metadata.keys.contains { $0.hasPrefix("args.") })
    #expect(throws: CheckpointError.self) { try Self.open("bare.pth", .ema) }
  }

  @Test func `strided views are read in row-major order`() throws {
    let file = try Self.open("strided.pth")
    #expect(try file.read("t") == (0..<48).map { Float($0 % 6 * 8 + $0 / 6) })
    #expect(try file.read("row") == (16..<24).map { Float($0) })
    #expect(try file.read("col") == (0..<6).map { Float($0 * 8 + 3) })
  }

  @Test func `shapes tell the network, but heads must be given`() throws {
    let file = try Self.open("student.safetensors")
    let found = try CheckpointArchitecture(of: file, heads: 3, decoderHeads: 2)
    let (encoder, decoder) = (found.encoder, found.decoder)
    #expect(encoder.width == 48 && encoder.depth == 2 && encoder.heads == 3 && encoder.hiddenWidth == 192)
    #expect(decoder.width == 32 && decoder.depth == 2 && decoder.heads == 2 && decoder.hiddenWidth == 128)
    #expect(found.patchCount == 36 && found.patchSize == 8 && found.channels == 3 && found.predictsPixels)
    let error = #expect(throws: CheckpointError.self) { try CheckpointArchitecture(of: file, heads: 3) }
    #expect(error?.reason == "its shapes do not tell the number of decoder heads, nor does its metadata; give it with --decoder-heads")
    let wrong = #expect(throws: CheckpointError.self) { try CheckpointArchitecture(of: file, heads: 5, decoderHeads: 2) }
    #expect(wrong?.reason == "5 heads do not divide the encoder's width of 48; give another with --heads")
  }
}
