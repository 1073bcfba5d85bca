import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Masks through the command line and over HTTP.
@Suite(.serialized) struct MaskTests {
  /// The draw as the contract states it, written down a second time: the smallest keys are masked.
  private static func randomMask(seed: UInt64, patches: Int, masked: Int) -> [UInt8] {
    func mix(_ word: UInt64) -> UInt64 {
      let first = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
      let second = (first ^ first >> 27) &* 0x94D0_49BB_1331_11EB
      return second ^ second >> 31
    }
    let gamma: UInt64 = 0x9E37_79B9_7F4A_7C15
    let keys = (1...UInt64(patches)).map { mix(mix(seed &+ gamma) &+ $0 &* gamma) }
    var mask = [UInt8](repeating: 0, count: patches)
    for index in keys.indices.sorted(by: { (keys[$0], $0) < (keys[$1], $1) }).prefix(masked) { mask[index] = 1 }
    return mask
  }

  private func masks(_ arguments: [String]) async throws -> ServiceJSON.Masks {
    let outcome = try await Program.run(["mask"] + arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try outcome.json(ServiceJSON.Masks.self)
  }

  @Test func `seed 5 masks the patches that the contract names`() async throws {
    let answer = try await masks(["--grid", "4x4", "--seed", "5", "--ratio", "0.75"])
    let mask = answer.masks[0].flatMap(\.self)
    #expect(mask.indices.filter { mask[$0] == 1 } == [1, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  }

  @Test func `every mask of a count is that of its own seed, as the stated generator draws it`() async throws {
    let outcome = try await Program.run(
      ["mask", "--grid", "14x20", "--ratio", "0.6", "--seed", "9007199254740900", "--count", "64", "--format", "npy"])
    let array = try NumPyFile.parse(outcome.output)
    #expect(array.shape.dimensions == [64, 14, 20])
    let expected = (0..<64 as Range<UInt64>).flatMap { Self.randomMask(seed: 9_007_199_254_740_900 + $0, patches: 280, masked: 168) }
    #expect(array.unsignedBytes == expected)
  }

  @Test(arguments: [("0.75", 147), ("0.9", 177), ("0.6", 118), ("0.5", 98), ("0", 0), ("1", 196)])
  func `exactly so many of 196 patches are masked, whatever the strategy`(ratio: String, masked: Int) async throws {
    for strategy in ["random", "block", "square"] {
      let answer = try await masks(["--grid", "14x14", "--ratio", ratio, "--strategy", strategy, "--count", "5"])
      #expect(answer.masked == masked && answer.visible == 196 - masked)
      for mask in answer.masks { #expect(mask.flatMap(\.self).count { $0 == 1 } == masked) }
    }
  }

  @Test func `the same seed gives the same mask and another seed another`() async throws {
    let arguments = ["mask", "--strategy", "block", "--seed"]
    let first = try await Program.run(arguments + ["7"])
    #expect(first.output == (try await Program.run(arguments + ["7"])).output)
    #expect(first.output != (try await Program.run(arguments + ["8"])).output)
  }

  @Test func `the hard mask of an image hides the greatest golden losses, the easy one the least`() async throws {
    let scores = try Samples.golden("student_predict_loss")
    for (strategy, sign) in [("hard", Float(1)), ("easy", -1)] {
      let outcome = try await Program.run(
        ["mask", Samples.images, "--strategy", strategy, "--format", "npy"] + Samples.model("student.safetensors"))
      let array = try NumPyFile.parse(outcome.output)
      #expect(array.shape.dimensions == [4, 6, 6])
      let expected = (0..<4).flatMap { image -> [UInt8] in
        let own = scores[image * 36..<(image + 1) * 36].map { sign * $0 }
        let chosen = Set(own.indices.sorted { own[$0] > own[$1] }.prefix(27))
        return own.indices.map { chosen.contains($0) ? 1 : 0 }
      }
      #expect(array.unsignedBytes == expected)
    }
  }

  @Test func `with alpha 0 the mask of an image is the random one`() async throws {
    let outcome = try await Program.run(
      ["mask", Samples.images, "--alpha", "0", "--seed", "3", "--format", "npy"] + Samples.model("student.safetensors"))
    let expected = (0..<4 as Range<UInt64>).flatMap { Self.randomMask(seed: 3 + $0, patches: 36, masked: 27) }
    #expect(try NumPyFile.parse(outcome.output).unsignedBytes == expected)
  }

  @Test func `GET mask answers a mask of three quarters`() async throws {
    try await ServedProgram.with { service in
      let reply = try await service.ask("GET", "/mask?ratio=0.75")
      #expect(reply.status == 200)
      let answer = try ServiceJSON.decode(ServiceJSON.Masks.self, reply.body)
      #expect(answer.grid == [8, 8] && answer.masked == 48)
      #expect(answer.masks == [Self.rows(Self.randomMask(seed: 0, patches: 64, masked: 48), columns: 8)])
      let wide = try ServiceJSON.decode(
        ServiceJSON.Masks.self, try await service.ask("GET", "/mask?ratio=0.75&grid=14x14").body)
      #expect(wide.masked == 147)
    }
  }

  @Test func `an upload's id gives its hard mask`() async throws {
    try await ServedProgram.with { service in
      let reply = try await service.ask("POST", "/predict-loss", body: Samples.photo)
      let losses = try ServiceJSON.decode(ServiceJSON.Losses.self, reply.body)
      #expect(losses.model.name == "tiny128" && losses.mode == "masked_average")
      let mask = try await service.ask("GET", "/mask?image=\(losses.id)&ratio=0.75")
      let answer = try ServiceJSON.decode(ServiceJSON.Masks.self, mask.body)
      #expect(answer.strategy == "hard" && answer.masked == 48)
      let values = answer.masks[0].flatMap(\.self)
      #expect(Set(values.indices.filter { values[$0] == 1 }) == Set(losses.ranking.prefix(48)))
      let sent = try await service.ask("POST", "/mask?ratio=0.75", body: Samples.photo)
      #expect(try ServiceJSON.decode(ServiceJSON.Masks.self, sent.body).masks == answer.masks)
      let unknown = try await service.ask("GET", "/mask?image=sha256:\(String(repeating: "0", count: 64))")
      #expect(unknown.status == 404)
    }
  }

  @Test func `pictures of masks have the pixels that were asked for`() async throws {
    let outcome = try await Program.run(["mask", "--grid", "14x20", "--scale", "8", "--format", "png"])
    let picture = try ImageDecoder.decode(outcome.output).image
    #expect(picture.width == 160 && picture.height == 112)
    let mask = Self.randomMask(seed: 0, patches: 280, masked: 210)
    #expect((0..<280).allSatisfy { picture.pixels[($0 / 20 * 8 * 160 + $0 % 20 * 8) * 3] == mask[$0] * 255 })
  }

  private static func rows(_ mask: [UInt8], columns: Int) -> [[UInt8]] {
    stride(from: 0, to: mask.count, by: columns).map { Array(mask[$0..<$0 + columns]) }
  }
}
