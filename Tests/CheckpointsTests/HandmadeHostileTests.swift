import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Files made to break one assumption each; every one was, or could become, a trap, a hang or a full memory.
@Suite struct HandmadeHostileTests {
  private static func refuse(_ bytes: [UInt8], _ phrase: String, at location: SourceLocation = #_sourceLocation) throws {
    let file = try TemporaryFile(bytes)
    expectRefusal(of: file.path, saying: phrase, at: location)
  }

  /// A pickle of one dictionary with one tensor named `t`.
  private static func oneTensor(elements: Int, offset: Int = 0, shape: [Int], strides: [Int]) -> HandmadePickle {
    var pickle = HandmadePickle()
    pickle.opcode("}")
    pickle.text("t")
    pickle.tensor(storage: "0", elements: elements, offset: offset, shape: shape, strides: strides)
    pickle.opcode("s")
    return pickle
  }

  @Test func `extents that multiply to nothing are refused where their strides overflow`() throws {
    for shape in [[0, 1 << 32, 1 << 32], [1 << 62, 0], [1 << 32, 0, 1 << 32]] {
      var file = HandmadeSafetensors()
      file.add("vit.encoder.layer.0.attention.attention.query.weight", shape, [])
      try Self.refuse(file.bytes, "has the shape \(shape), whose element count overflows")
      try Self.refuse(
        Self.oneTensor(elements: 4, shape: shape, strides: shape).zipFile(storages: ["0": 4]), "a tensor of shape \(shape) with strides")
    }
  }

  @Test func `a view outside its storage is refused, whatever overflows`() throws {
    for (offset, shape, strides) in [
      (0, [4], [2]), (1, [6], [1]), (-1, [1], [1]), (.max, [2], [1]), (0, [2], [.max]), (0, [2, 2], [.max / 2 + 1, .max / 2 + 1]),
      (0, [2], [-1]), (0, [-1], [1]), (7, [], []), (0, [.max, .max], [0, 0]), (0, [1 << 40], [0]),
    ] {
      try Self.refuse(
        Self.oneTensor(elements: 6, offset: offset, shape: shape, strides: strides).zipFile(storages: ["0": 6]),
        "a tensor of shape \(shape) with strides \(strides) at element \(offset) does not fit its storage \"0\" of 6 elements")
    }
  }

  @Test func `the stride of an axis with one element may be anything`() throws {
    let file = try TemporaryFile(
      Self.oneTensor(elements: 6, shape: [2, 1, 2], strides: [1, .max, 2]).zipFile(storages: ["0": 6]))
    #expect(try Checkpoint.open(file.path).read("t") == [0, 0, 0, 0])
  }

  @Test func `a storage that claims more than the address space is refused`() throws {
    for elements in [Int.max, .max / 4 + 1, 1 << 40] {
      try Self.refuse(
        Self.oneTensor(elements: elements, shape: [1], strides: [1]).zipFile(storages: ["0": 6]),
        "storage \"0\" claims \(elements) elements, but its record has only 24 bytes")
    }
    try Self.refuse(Self.oneTensor(elements: -1, shape: [1], strides: [1]).zipFile(storages: ["0": 6]), "storage \"0\" claims -1 elements")
    try Self.refuse(Self.oneTensor(elements: 6, shape: [1], strides: [1]).zipFile(), "storage \"0\" is not in the archive")
  }

  @Test func `views that share one storage cannot claim a network larger than their file`() throws {
    var pickle = HandmadePickle()
    pickle.opcode("}")
    for index in 0..<200 {
      pickle.text("blocks.\(index).mlp.fc1.weight")
      pickle.tensor(storage: "0", elements: 1 << 16, shape: [256, 256], strides: [256, 1])
      pickle.opcode("s")
    }
    try Self.refuse(pickle.zipFile(storages: ["0": 1 << 16]), "its tensors take 52428800 bytes in all, but the file has")
  }

  @Test func `a storage described twice in the legacy format is refused`() throws {
    var file: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
    file += [0x80, 2, UInt8(ascii: "M"), 0xE9, 0x03, 0x2E] + [0x80, 2, UInt8(ascii: "}"), 0x2E]
    var object = Self.oneTensor(elements: 2, shape: [2], strides: [1])
    object.text("u")
    object.tensor(storage: "0", elements: 1 << 50, shape: [1 << 50], strides: [1])
    object.opcode("s")
    var keys = HandmadePickle()
    keys.opcode("]")
    keys.text("0")
    keys.opcode("a")
    file += object.bytes + [0x2E] + keys.bytes + [0x2E] + littleEndian(2, 8) + [UInt8](repeating: 0, count: 8)
    try Self.refuse(file, "the pickle describes storage \"0\" in two ways, once with \(1 << 50) elements")
  }

  @Test func `dictionaries copied over and over stop before they fill the memory`() throws {
    var pickle = HandmadePickle()
    pickle.opcode("}(")
    for index in 0..<2000 {
      pickle.integer(index)
      pickle.opcode("N")
    }
    pickle.opcode("u")
    pickle.remember(0)
    pickle.global("collections", "OrderedDict")
    pickle.remember(1)
    for _ in 0..<20_000 {
      pickle.recall(1)
      pickle.recall(0)
      pickle.opcode(0x85)
      pickle.opcode("RNNs")
    }
    try Self.refuse(pickle.zipFile(), "the pickle copies more than 1000000 values")
  }

  @Test func `pickles without end and keys without end are refused`() throws {
    var nested = HandmadePickle()
    nested.opcode(String(repeating: "]", count: 1_000_001))
    try Self.refuse(nested.zipFile(), "the pickle has more than 1000000 operations")
    var keyed = HandmadePickle()
    keyed.opcode("}")
    keyed.text(String(repeating: "k", count: 1025))
    keyed.opcode("Ns")
    try Self.refuse(keyed.zipFile(), "the pickle has a key of 1025 bytes")
  }

  @Test func `compressed records are refused unread, and two pickles are one too many`() throws {
    var bomb = HandmadeZIP()
    bomb.method = 8
    bomb.add("a/data.pkl", [0x80, 2, 0x2E])
    try Self.refuse(bomb.bytes, "zip record \"a/data.pkl\" is compressed; PyTorch stores records as they are")
    var twins = HandmadeZIP()
    twins.add("b/data.pkl", [0x80, 2, 0x7D, 0x2E])
    twins.add("a/data.pkl", [0x80, 2, 0x7D, 0x2E])
    try Self.refuse(twins.bytes, "the zip archive has both \"a/data.pkl\" and \"b/data.pkl\"")
    var repeated = HandmadeZIP()
    repeated.add("a/data.pkl", [0x80, 2, 0x7D, 0x2E])
    repeated.add("a/data.pkl", [0x80, 2, 0x4E, 0x2E])
    try Self.refuse(repeated.bytes, "the zip archive has two records named \"a/data.pkl\"")
  }

  @Test(arguments: ["9223372036854775807", "-5", "-1", "1024", "99999999999999999999"])
  func `a block number beyond any network's is an unexpected tensor`(number: String) throws {
    var file = try HandmadeSafetensors(copying: Checkpoint.open(Fixtures.file("tiny/student.safetensors").path))
    file.add("blocks.\(number).norm1.weight", [1], [0])
    try Self.refuse(file.bytes, "unexpected: \"blocks.\(number).norm1.weight\"")
  }

  @Test func `a network of no width is refused`() throws {
    let source = try Checkpoint.open(Fixtures.file("tiny/student.safetensors").path)
    var file = HandmadeSafetensors()
    for name in source.names {
      let shape = try #require(source.tensors[name]).shape.dimensions
      let isDecoder = name.hasPrefix("decoder") || name == "mask_token"
      let narrowed = isDecoder ? shape.map { $0 % 32 == 0 && $0 != 192 ? 0 : $0 } : shape
      file.add(name, narrowed, narrowed == shape ? try source.read(name) : [])
    }
    try Self.refuse(file.bytes, "tensor \"decoder_embed.weight\" has the shape [0, 48], not [decoder width, width]")
  }

  @Test func `names are printed so that they cannot steer a terminal`() throws {
    var file = HandmadeSafetensors()
    file.entries = [
      .init(name: "\\u001b[2J\u{9B}\u{202E}" + "e" + String(repeating: "\u{301}", count: 10_000), shape: [1], type: "F31", data: [])
    ]
    let written = try TemporaryFile(file.bytes)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(written.path) }
    let reason = try #require(error?.reason)
    #expect(reason.unicodeScalars.count < 400 && reason.contains("\"\\u{1B}[2J\\u{009B}\\u{202E}"), "\(reason)")
  }
}
