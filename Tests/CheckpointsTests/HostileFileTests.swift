import Checkpoints
import Foundation
import TestSupport
import Testing

/// A file of the hostile collection, and what the error that refuses it must say.
struct HostileFile: CustomTestStringConvertible, Sendable {
  let name: String
  let phrase: String

  var testDescription: String { name }

  static let all = [
    HostileFile(name: "bad-json.safetensors", phrase: "the header is not valid: expected \" before a name, at byte 9"),
    HostileFile(name: "deep-nesting.pth", phrase: "it holds no dictionary of tensors; save a state dict"),
    HostileFile(name: "empty.pth", phrase: "the file is empty"),
    HostileFile(name: "executes-code.pth", phrase: "the pickle names \"posix.system\" at byte 22"),
    HostileFile(
      name: "huge-header.safetensors",
      phrase: "the safetensors header claims 4611686018427387904 bytes; at most 100000000 are allowed"),
    HostileFile(name: "missing-tensor.safetensors", phrase: "missing: \"blocks.1.attn.qkv.weight\" [144, 48]"),
    HostileFile(name: "nan-weights.safetensors", phrase: "tensor \"norm.weight\" holds nan at element 3; weights must be finite"),
    HostileFile(
      name: "negative-shape.safetensors",
      phrase: "tensor \"patch_embed.proj.weight\" has a negative, malformed or overlong extent or offset, at byte 63"),
    HostileFile(name: "not-a-checkpoint.pth", phrase: "it is neither safetensors nor what torch.save writes"),
    HostileFile(
      name: "offset-past-end.safetensors",
      phrase: "tensor \"patch_embed.proj.weight\" ends at byte 4194304 of the data, but the file has 64; it is truncated"),
    HostileFile(
      name: "shape-overflow.safetensors",
      phrase: "tensor \"patch_embed.proj.weight\" has the shape [4294967296, 4294967296], whose element count overflows"),
    HostileFile(name: "short-storage.pth", phrase: "storage \"0\" claims 48 elements, but its record has only 16 bytes"),
    HostileFile(
      name: "size-mismatch.safetensors",
      phrase: "tensor \"patch_embed.proj.weight\" of shape [4] and 4-byte elements does not fill its data_offsets [0, 64]"),
    HostileFile(name: "truncated.pth", phrase: "the zip archive has no end-of-directory record; it is truncated"),
    HostileFile(
      name: "truncated.safetensors",
      phrase: "tensor \"pos_embed\" ends at byte 536512 of the data, but the file has 536412; it is truncated"),
  ]

  /// Those small enough to travel with the repository.
  static let committed = all.filter { FileManager.default.fileExists(atPath: Fixtures.file("hostile/\($0.name)").path) }
}

/// What serving does with a file before its first answer: opens it, derives the network, reads every tensor.
@discardableResult
func serve(_ path: String, nonFinite policy: Checkpoint.NonFinitePolicy = .refuse) throws -> CheckpointArchitecture {
  let checkpoint = try Checkpoint.open(path, nonFinite: policy)
  let architecture = try CheckpointArchitecture(of: checkpoint, heads: 3, decoderHeads: 2)
  for name in checkpoint.names { _ = try checkpoint.read(name) }
  return architecture
}

/// That a file is refused at once, with its path and `phrase`.
func expectRefusal(of path: String, saying phrase: String, at location: SourceLocation = #_sourceLocation) {
  let error = #expect(throws: CheckpointError.self, sourceLocation: location) { try serve(path) }
  #expect(error?.path == path, sourceLocation: location)
  #expect(error?.reason.contains(phrase) == true, "\(error?.reason ?? "nothing")", sourceLocation: location)
}

@Suite struct HostileFileTests {
  private static let marker = "/tmp/hpm-pwned"

  @Test(arguments: HostileFile.committed)
  func `a hostile file that travels with the repository is refused with its reason`(file: HostileFile) {
    expectRefusal(of: Fixtures.file("hostile/\(file.name)").path, saying: file.phrase)
    #expect(!FileManager.default.fileExists(atPath: Self.marker))
  }

  @Test(.enabled(if: Fixtures.hasShared, "the shared reference files are not beside this clone"), arguments: HostileFile.all)
  func `every hostile file is refused with its reason`(file: HostileFile) throws {
    expectRefusal(of: try Fixtures.shared("reference/hostile/\(file.name)").path, saying: file.phrase)
    #expect(!FileManager.default.fileExists(atPath: Self.marker))
  }

  @Test(.enabled(if: Fixtures.hasShared, "the shared reference files are not beside this clone"))
  func `no hostile file is left out`() throws {
    let folder = try Fixtures.shared("reference/hostile").path
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == HostileFile.all.map(\.name).sorted())
    #expect(HostileFile.committed.count == 10)
  }

  @Test func `weights that are not finite load only where the caller asks for it`() throws {
    var file = try HandmadeSafetensors(copying: Checkpoint.open(Fixtures.file("tiny/student.safetensors").path))
    for (position, value) in [(3, Float.nan), (5, -.infinity)] {
      let entry = try #require(file.entries.firstIndex { $0.name == "norm.weight" })
      file.entries[entry].data.replaceSubrange(4 * position..<4 * position + 4, with: littleEndian(Int(value.bitPattern), 4))
    }
    let written = try TemporaryFile(file.bytes)
    expectRefusal(of: written.path, saying: "tensor \"norm.weight\" holds nan at element 3; weights must be finite. --allow-non-finite")
    try serve(written.path, nonFinite: .allow)
    let values = try Checkpoint.open(written.path, nonFinite: .allow).read("norm.weight")
    #expect(values[3].isNaN && values[5] == -.infinity && values[4].isFinite)
  }

  @Test func `what is not a regular file is refused without waiting for it`() throws {
    let pipe = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-\(UUID().uuidString)").path
    #expect(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    expectRefusal(of: pipe, saying: "it is not a regular file")
    expectRefusal(of: "/", saying: "it is not a regular file")
    expectRefusal(of: "/nowhere/at.all", saying: "the file cannot be opened: No such file or directory")
  }
}
