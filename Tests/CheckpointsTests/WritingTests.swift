import Foundation
import Tensors
import Testing

@testable import Checkpoints

@Suite struct WritingTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Tensors of every rank, one longer than a chunk, one empty.
  static let shapes: [(name: String, shape: Shape)] = [
    ("scalar", []), ("empty", [0, 3]), ("vector", [7]), ("matrix", [33, 8001]), ("kernel", [4, 3, 2, 2]),
  ]

  /// Numbers of every size, subnormal ones and both zeros among them, within the range of float16.
  private static func values(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { index in
      switch index % 5 {
      case 0: random.nextUnitFloat() - 0.5
      case 1: (random.nextUnitFloat() - 0.5) * 1e-30
      case 2: Float(bitPattern: UInt32(random.next() >> 42))
      case 3: index % 2 == 0 ? 0 : -0.0
      default: (random.nextUnitFloat() - 0.5) * 1e5
      }
    }
  }

  private static func source(_ type: ElementType) -> (tensors: [WritableTensor], values: [String: [Float]]) {
    var all: [String: [Float]] = [:]
    let tensors = shapes.enumerated().map { index, entry in
      let values = values(entry.shape.elementCount, seed: UInt64(index))
      all[entry.name] = values
      return WritableTensor(name: entry.name, shape: entry.shape, type: type) { first, destination in
        for element in 0..<destination.count { destination[element] = values[first + element] }
      }
    }
    return (tensors, all)
  }

  /// What a number is once it was stored.
  private static func rounded(_ value: Float, _ type: ElementType) -> Float {
    switch type {
    case .float16: Float(Float16(value))
    case .bfloat16: BFloat16(value).float
    default: value
    }
  }

  private func check(_ path: String, _ values: [String: [Float]], _ type: ElementType) throws {
    let file = try Checkpoint.open(path)
    #expect(file.names == values.keys.sorted())
    for (name, shape) in Self.shapes {
      #expect(file.tensors[name] == TensorDescription(shape: shape, type: type))
      let expected = try #require(values[name]).map { Self.rounded($0, type).bitPattern }
      #expect(try file.read(name).map(\.bitPattern) == expected, "\(name) as \(type)")
    }
  }

  @Test(arguments: WritableTensor.storableTypes)
  func `what is written as safetensors is read bit for bit`(type: ElementType) throws {
    let (tensors, values) = Self.source(type)
    let metadata = ["mode": "masked_average", "quote\"\\": "line\nbreak \u{1} ü 🧩"]
    try CheckpointWriter.writeSafetensors(tensors, metadata: metadata, to: folder.path("a.safetensors"), existing: .refuse)
    try check(folder.path("a.safetensors"), values, type)
    #expect(try Checkpoint.open(folder.path("a.safetensors")).metadata == metadata)
    let header = try folder.bytes("a.safetensors").prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(header % 8 == 0)
  }

  @Test(arguments: WritableTensor.storableTypes, [Int(UInt32.max), 1000, 0])
  func `what is written as torch zip is read bit for bit, with 32-bit and 64-bit fields`(type: ElementType, wideFrom: Int) throws {
    let (tensors, values) = Self.source(type)
    var document = TorchDocument()
    document.set("model", document.stateDictionary(tensors))
    document.set("config", .members(reading: ["a": "1", "b": "-2.5", "c": "true", "d": "text", "e": "9007199254740993"]))
    try CheckpointWriter.writeTorch(document, to: folder.path("a.pth"), existing: .refuse, calls: .system, wideFrom: wideFrom)
    try check(folder.path("a.pth"), values, type)
    let expected = ["config.a": "1", "config.b": "-2.5", "config.c": "true", "config.d": "text", "config.e": "9007199254740993"]
    #expect(try Checkpoint.open(folder.path("a.pth")).metadata == expected)
  }

  @Test func `types may differ within one file, wider ones first`() throws {
    let tensors = [ElementType.float16, .float32, .bfloat16].map { type in
      WritableTensor(name: type.rawValue, shape: [3], type: type) { first, destination in
        for element in 0..<destination.count { destination[element] = Float(first + element) }
      }
    }
    try CheckpointWriter.writeSafetensors(tensors, metadata: [:], to: folder.path("a.safetensors"), existing: .refuse)
    let file = try Checkpoint.open(folder.path("a.safetensors"))
    #expect(file.namesInFileOrder == ["float32", "float16", "bfloat16"])
    for name in file.names { #expect(try file.read(name) == [0, 1, 2]) }
  }

  @Test func `records of the archive are aligned and their checksums right`() throws {
    try CheckpointWriter.writeTorch(
      .training(student: Self.source(.float32).tensors, teacher: .absent, model: "m", epoch: 3, configuration: .members([])),
      to: folder.path("a.pth"), existing: .refuse)
    let bytes = try folder.bytes("a.pth")
    var cursor = ByteCursor(bytes, position: bytes.count - 22 + 16)
    cursor.position = try cursor.size(4)
    var count = 0
    while try cursor.unsigned(4) == 0x0201_4B50 {
      _ = try cursor.take(12)
      let checksum = try cursor.unsigned(4)
      let (stored, _, nameCount, extraCount) = (try cursor.size(4), try cursor.size(4), try cursor.size(2), try cursor.size(2))
      _ = try cursor.take(10)
      let header = try cursor.size(4)
      _ = try cursor.take(nameCount + extraCount)
      var local = ByteCursor(bytes, position: header + 14)
      #expect(try local.unsigned(4) == checksum)
      _ = try local.take(8)
      let start = header + 30 + (try local.size(2)) + (try local.size(2))
      #expect(start % 64 == 0 && Self.checksum(bytes[start..<start + stored]) == checksum)
      count += 1
    }
    #expect(count == 3 + Self.shapes.count)
  }

  /// CRC-32 as it is defined, bit by bit (APPNOTE.TXT §4.4.7).
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var register = UInt32.max
    for byte in bytes {
      register ^= UInt32(byte)
      for _ in 0..<8 { register = register >> 1 ^ (register & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return UInt64(~register)
  }

  @Test func `a number too great for the type is refused by name`() throws {
    for (type, value) in [(ElementType.float16, Float(70_000)), (.bfloat16, Float.greatestFiniteMagnitude)] {
      let tensor = WritableTensor(name: "norm.weight", shape: [2], type: type) { _, destination in destination[1] = value }
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointWriter.writeSafetensors([tensor], metadata: [:], to: folder.path("a.safetensors"), existing: .refuse)
      }
      #expect(
        error?.reason
          == "tensor \"norm.weight\" holds \(value) at element 1, too great for \(type.rawValue); write another type")
    }
    #expect(try folder.names == [])
  }
}
