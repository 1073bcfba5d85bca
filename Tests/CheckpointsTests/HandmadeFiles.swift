import Checkpoints
import Foundation
import Tensors

/// A file of given bytes that goes with its last reference.
final class TemporaryFile: Sendable {
  let path: String

  init(_ bytes: [UInt8], suffix: String = "checkpoint") throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-\(UUID().uuidString).\(suffix)").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  deinit { unlink(path) }
}

/// Little-endian bytes of a number.
func littleEndian(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

/// A safetensors file, written by the format's rules or against them.
struct HandmadeSafetensors {
  struct Entry {
    var name: String
    var shape: [Int]
    var type = "F32"
    var data: [UInt8]
  }

  var entries: [Entry] = []
  var metadata: [String: String] = [:]

  /// Adds a float32 tensor.
  mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
    entries.append(Entry(name: name, shape: shape, data: values.flatMap { littleEndian(Int($0.bitPattern), 4) }))
  }

  var bytes: [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      members.append("\"__metadata__\":{" + metadata.map { "\"\($0.key)\":\"\($0.value)\"" }.sorted().joined(separator: ",") + "}")
    }
    var data: [UInt8] = []
    for entry in entries {
      members.append(
        "\"\(entry.name)\":{\"dtype\":\"\(entry.type)\",\"shape\":\(entry.shape),\"data_offsets\":[\(data.count),\(data.count + entry.data.count)]}"
      )
      data += entry.data
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    return littleEndian(header.count, 8) + header + data
  }
}

extension HandmadeSafetensors {
  /// All tensors of a checkpoint as float32, under the names that `renamed` gives them; those it answers `nil` to are left out.
  init(copying checkpoint: Checkpoint, as renamed: (String) -> String? = { $0 }) throws {
    for name in checkpoint.names {
      guard let target = renamed(name), let description = checkpoint.tensors[name] else { continue }
      add(target, description.shape.dimensions, try checkpoint.read(name))
    }
  }
}

/// A zip archive of stored records, as PyTorch writes it (APPNOTE.TXT 6.3.9, §4.3); no checksums, which nothing reads.
struct HandmadeZIP {
  private var records: [(name: String, data: [UInt8])] = []
  /// What the directory says of how records are compressed.
  var method = 0

  mutating func add(_ name: String, _ data: [UInt8]) { records.append((name, data)) }

  var bytes: [UInt8] {
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, data) in records {
      let sizes = littleEndian(data.count, 4) + littleEndian(data.count, 4) + littleEndian(name.utf8.count, 2)
      directory += [0x50, 0x4B, 1, 2] + [UInt8](repeating: 0, count: 6) + littleEndian(method, 2) + [UInt8](repeating: 0, count: 8)
      directory += sizes + [UInt8](repeating: 0, count: 12) + littleEndian(file.count, 4) + Array(name.utf8)
      file += [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 14) + sizes + [0, 0] + Array(name.utf8) + data
    }
    let count = littleEndian(records.count, 2)
    let end = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + littleEndian(directory.count, 4) + littleEndian(file.count, 4) + [0, 0]
    return file + directory + end
  }
}

/// A protocol 2 pickle, opcode by opcode.
struct HandmadePickle {
  private(set) var bytes: [UInt8] = [0x80, 2]

  mutating func opcode(_ characters: String) { bytes += Array(characters.utf8) }
  mutating func opcode(_ byte: UInt8) { bytes.append(byte) }
  mutating func text(_ text: String) { bytes += [UInt8(ascii: "X")] + littleEndian(text.utf8.count, 4) + Array(text.utf8) }
  mutating func integer(_ value: Int) { bytes += [0x8A, 8] + littleEndian(value, 8) }
  mutating func global(_ module: String, _ name: String) { bytes += Array("c\(module)\n\(name)\n".utf8) }
  mutating func remember(_ index: UInt8) { bytes += [UInt8(ascii: "q"), index] }
  mutating func recall(_ index: UInt8) { bytes += [UInt8(ascii: "h"), index] }

  mutating func integers(_ values: [Int]) {
    opcode("(")
    for value in values { integer(value) }
    opcode("t")
  }

  /// A float32 view of a storage.
  mutating func tensor(storage key: String, elements: Int, offset: Int = 0, shape: [Int], strides: [Int]) {
    global("torch._utils", "_rebuild_tensor_v2")
    opcode("((")
    text("storage")
    global("torch", "FloatStorage")
    text(key)
    text("cpu")
    integer(elements)
    opcode("tQ")
    integer(offset)
    integers(shape)
    integers(strides)
    opcode(0x89)
    opcode("}tR")
  }

  /// A file of this pickle, ended, and of storages of so many zeros.
  func zipFile(storages: [String: Int] = [:]) -> [UInt8] {
    var archive = HandmadeZIP()
    archive.add("a/data.pkl", bytes + Array(".".utf8))
    for (key, elements) in storages.sorted(by: { $0.key < $1.key }) {
      archive.add("a/data/\(key)", [UInt8](repeating: 0, count: 4 * elements))
    }
    return archive.bytes
  }
}
