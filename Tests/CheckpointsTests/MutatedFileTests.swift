import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Checkpoint files with one byte changed, or cut short: reading must throw or load, and a trap would end the tests.
///
/// One after another, and on a thread of its own: others wait for Swift's pool with a clock running.
@Suite(.serialized) struct MutatedFileTests {
  /// Small files of every container and layout, all of whose bytes are flipped.
  private static let small = ["mini/hpm.pth", "mini/hpm-legacy.pth", "mini/half.pth", "mini/bf16.safetensors", "tiny/strided.pth"]

  /// Whole networks, and every how many bytes of their structure one is flipped: the pickles repeat themselves a hundred times.
  private static let large =
    [
      ("bare.pth", 31), ("half.pth", 31), ("mae.pth", 31), ("hpm.pth", 101), ("hpm-legacy.pth", 41), ("student.safetensors", 7),
      ("student-f16.safetensors", 7), ("student-bf16.safetensors", 7),
    ].map { ("tiny/\($0)", $1) } + [("towers/clip.pt", 101), ("towers/dino-full.pth", 101)]

  /// With `HPM_EXHAUSTIVE` set every byte of their structure is flipped, which takes a quarter of an hour.
  private static let isExhaustive = ProcessInfo.processInfo.environment["HPM_EXHAUSTIVE"] != nil
  private static let tensorBytes = 2000

  /// Everything that was, or was not, refused.
  private struct Outcomes {
    var loaded = 0
    var refused = 0

    mutating func attempt(_ path: String) {
      do {
        let checkpoint = try Checkpoint.open(path)
        _ = try? CheckpointArchitecture(of: checkpoint, heads: 3, decoderHeads: 2)
        _ = try? TowerArchitecture(of: checkpoint, heads: 2)
        for name in checkpoint.names { _ = try checkpoint.read(name) }
        loaded += 1
      } catch { refused += 1 }
    }

    /// Tries the file with each of the bytes at `offsets` changed by each of `masks`, one at a time.
    mutating func flip(_ offsets: some Sequence<Int>, of bytes: [UInt8], by masks: [UInt8]) throws {
      let file = try TemporaryFile(bytes)
      let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file.path))
      func write(_ byte: UInt8, at offset: Int) throws {
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: [byte])
      }
      for offset in offsets {
        for mask in masks {
          try write(bytes[offset] ^ mask, at: offset)
          attempt(file.path)
        }
        try write(bytes[offset], at: offset)
      }
      attempt(file.path)
    }
  }

  /// The bytes of a file's tensors, and of programs, which are not read; all others say how to read them.
  private static func dataRanges(of path: String) throws -> [Range<Int>] {
    let file = try CheckpointFile(path: path)
    let prefix = try file.bytes(at: 0, count: 16)
    if ZIPDirectory.isZIP(prefix) {
      return try ZIPDirectory(file).records.filter { $0.key.contains("/data/") || $0.key.contains("/code/") }.map {
        $0.value.offset..<$0.value.offset + $0.value.byteCount
      }
    }
    let tensors: [StoredTensor]
    if TorchFile.isPickle(prefix) {
      let torch = try TorchFile(legacy: file)
      let root = try #require(torch.machine.members(of: torch.root))
      tensors = ([torch.root] + root.values).compactMap { torch.machine.members(of: $0) }.flatMap { torch.tensors(in: $0).values }
    } else {
      tensors = Array(try SafetensorsFile.read(file).tensors.values)
    }
    return tensors.map { $0.byteOffset..<$0.byteOffset + $0.span * $0.type.byteCount }
  }

  private static func load(_ name: String) throws -> (bytes: [UInt8], isData: [Bool]) {
    let path = Fixtures.file(name)
    let bytes = [UInt8](try Data(contentsOf: path))
    var isData = [Bool](repeating: false, count: bytes.count)
    for range in try dataRanges(of: path.path) { for index in range { isData[index] = true } }
    return (bytes, isData)
  }

  @Test(arguments: small) func `every byte of a small checkpoint may be anything`(name: String) async throws {
    try await withBlockingThread {
      let bytes = [UInt8](try Data(contentsOf: Fixtures.file(name)))
      var outcomes = Outcomes()
      try outcomes.flip(bytes.indices, of: bytes, by: [0xFF, 0x01, 0x80])
      #expect(outcomes.loaded > 0 && outcomes.refused > bytes.count / 8, "\(outcomes)")
      #expect(outcomes.loaded + outcomes.refused == 3 * bytes.count + 1)
    }
  }

  @Test(arguments: large) func `header, pickle and directory bytes of a whole network may be anything`(name: String, step: Int) async throws
  {
    try await withBlockingThread {
      let (bytes, isData) = try Self.load(name)
      let structure = bytes.indices.filter { !isData[$0] }
      #expect(structure.count > 5000 && structure.count < 60_000)
      var outcomes = Outcomes()
      let step = Self.isExhaustive ? 1 : step
      try outcomes.flip(stride(from: 0, to: structure.count, by: step).map { structure[$0] }, of: bytes, by: [0xFF, 0x01])
      #expect(outcomes.loaded > 0 && outcomes.refused > 0, "\(outcomes)")
    }
  }

  @Test(arguments: large) func `two thousand tensor bytes may be anything, and only what is not finite is refused`(
    name: String, step: Int
  ) async throws {
    try await withBlockingThread {
      let (bytes, isData) = try Self.load(name)
      let data = bytes.indices.filter { isData[$0] }
      var random = SplitMix64(seed: 20_261_125)
      var outcomes = Outcomes()
      let chosen = (0..<Self.tensorBytes).map { _ in data[Int.random(in: 0..<data.count, using: &random)] }
      try outcomes.flip(chosen, of: bytes, by: [0xFF])
      #expect(outcomes.loaded > Self.tensorBytes / 2, "\(outcomes)")
    }
  }

  @Test(arguments: small + large.map(\.0)) func `a file cut short is refused at any length`(name: String) async throws {
    try await withBlockingThread {
      let file = try TemporaryFile([UInt8](try Data(contentsOf: Fixtures.file(name))))
      var status = stat()
      #expect(stat(file.path, &status) == 0)
      let whole = Int(status.st_size)
      let lengths = Set((0..<100).flatMap { [$0, whole - 1 - $0] } + (1..<150).map { $0 * whole / 150 }).filter { (0..<whole).contains($0) }
      for length in lengths.sorted(by: >) {
        #expect(truncate(file.path, off_t(length)) == 0)
        let error = #expect(throws: CheckpointError.self, "\(length) of \(whole) bytes") { try Checkpoint.open(file.path) }
        #expect(error?.reason.isEmpty == false)
      }
    }
  }
}
