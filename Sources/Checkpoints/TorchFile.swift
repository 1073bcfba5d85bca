import Tensors

/// A file that `torch.save` wrote: a zip of a pickle and one record a storage, or the older form of pickles followed by raw storages.
/// Also one of `torch.jit.save`: the same zip with a program beside it, which is not even unpacked.
struct TorchFile {
  let machine: PickleMachine
  let root: PickleValue
  /// Whether it is a TorchScript archive, whose pickle is a module holding modules.
  let isScript: Bool
  /// Where each storage's bytes begin.
  private let storageOffsets: [String: Int]

  private static let maximumPickleBytes = 64 << 20

  /// The legacy form's first pickle: the integer 0x1950a86a20f9469cfc6c.
  private static let legacyMagic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

  /// Whether the file begins with a pickle, as the legacy form does.
  static func isPickle(_ prefix: [UInt8]) -> Bool { prefix.starts(with: [0x80, 2]) }

  /// Reads the zip form.
  init(zip file: CheckpointFile) throws(FormatError) {
    let directory = try ZIPDirectory(file)
    let pickleNames = directory.records.keys.filter { $0.hasSuffix("/data.pkl") }.sorted()
    guard let pickleName = pickleNames.first, let pickle = try directory.record(pickleName) else {
      throw FormatError("the zip archive has no data.pkl; it is not what torch.save writes")
    }
    guard pickleNames.count == 1 else {
      throw FormatError("the zip archive has both \(quoted(pickleName)) and \(quoted(pickleNames[1])); torch.save writes one data.pkl")
    }
    let prefix = pickleName.dropLast("data.pkl".count)
    isScript = try directory.record("\(prefix)constants.pkl") != nil
    if let order = try directory.record("\(prefix)byteorder") {
      guard try file.bytes(at: order.offset, count: min(order.byteCount, 6)) == Array("little".utf8) else {
        throw FormatError("it was written on a big-endian machine, whose byte order is not read")
      }
    }
    guard pickle.byteCount <= Self.maximumPickleBytes else {
      throw FormatError("its pickle takes \(pickle.byteCount) bytes, too many for a checkpoint")
    }
    var cursor = ByteCursor(try file.bytes(at: pickle.offset, count: pickle.byteCount))
    var machine = PickleMachine(classes: isScript ? .scriptModules : .checkpoint)
    root = try machine.run(&cursor)
    var offsets: [String: Int] = [:]
    var checked: Set<PickleMachine.Storage> = []
    for storage in machine.storages where checked.insert(storage).inserted {
      guard let record = try directory.record("\(prefix)data/\(storage.key)") else {
        throw FormatError("storage \(quoted(storage.key)) is not in the archive")
      }
      let (needed, overflows) = storage.elementCount.multipliedReportingOverflow(by: storage.type.byteCount)
      guard !overflows, needed <= record.byteCount else {
        throw FormatError(
          "storage \(quoted(storage.key)) claims \(storage.elementCount) elements, but its record has only \(record.byteCount) bytes")
      }
      offsets[storage.key] = record.offset
    }
    self.machine = machine
    storageOffsets = offsets
  }

  /// Reads the legacy form: magic, protocol and system pickles, the object, the storages' keys, then each storage as an int64 count and
  /// its elements.
  init(legacy file: CheckpointFile) throws(FormatError) {
    var cursor = ByteCursor(try file.bytes(at: 0, count: min(file.byteCount, Self.maximumPickleBytes)))
    var machine = PickleMachine()
    guard try machine.run(&cursor) == .wideInteger(Self.legacyMagic) else {
      throw FormatError("it is a pickle, but not one that torch.save writes")
    }
    guard try machine.run(&cursor) == .integer(1001) else { throw FormatError("its legacy format has an unknown protocol version") }
    _ = try machine.run(&cursor)
    root = try machine.run(&cursor)
    guard case .list(let keys) = try machine.run(&cursor) else { throw FormatError("its list of storages is missing") }
    let storages = Dictionary(machine.storages.map { ($0.key, $0) }) { first, _ in first }
    if let other = machine.storages.first(where: { storages[$0.key] != $0 }) {
      throw FormatError("the pickle describes storage \(quoted(other.key)) in two ways, once with \(other.elementCount) elements")
    }
    var offsets: [String: Int] = [:]
    var offset = cursor.position
    for case .text(let key) in machine.lists[keys] {
      var count = ByteCursor(try file.bytes(at: offset, count: 8))
      let elements = try count.size(8)
      guard let storage = storages[key], storage.elementCount == elements else {
        throw FormatError("storage \(quoted(key)) has \(elements) elements in the file, not as many as the pickle says")
      }
      let (needed, overflows) = elements.multipliedReportingOverflow(by: storage.type.byteCount)
      guard !overflows, file.contains(offset: offset + 8, count: needed) else {
        throw FormatError("storage \(quoted(key)) of \(elements) elements runs past the end of the file; it is truncated")
      }
      offsets[key] = offset + 8
      offset += 8 + needed
    }
    if let missing = machine.storages.first(where: { offsets[$0.key] == nil }) {
      throw FormatError("storage \(quoted(missing.key)) is not in the file")
    }
    self.machine = machine
    storageOffsets = offsets
    isScript = false
  }

  /// The tensors among a dictionary's members.
  func tensors(in members: [String: PickleValue]) -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for case (let name, .tensor(let index)) in members {
      if let tensor = stored(machine.tensors[index]) { result[name] = tensor }
    }
    return result
  }

  private func stored(_ tensor: PickleMachine.Tensor) -> StoredTensor? {
    guard let start = storageOffsets[tensor.storage.key] else { return nil }
    return StoredTensor(
      shape: tensor.shape, type: tensor.storage.type, strides: tensor.strides,
      byteOffset: start + tensor.offset * tensor.storage.type.byteCount)
  }

  private static let maximumModuleDepth = 64
  private static let maximumModuleMembers = 100_000
  private static let maximumNameBytes = 1024

  /// The tensors of a TorchScript archive's module and of the modules in it, named as a state dict names them: `visual.conv1.weight`.
  ///
  /// Throws where modules nest without end, as one that holds itself does.
  func moduleTensors() throws(FormatError) -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    var modules: [(prefix: String, value: PickleValue, depth: Int)] = [("", root, 0)]
    var members = 0
    while let module = modules.popLast() {
      for (name, member) in machine.members(of: module.value) ?? [:] {
        members += 1
        guard members <= Self.maximumModuleMembers, module.depth < Self.maximumModuleDepth,
          module.prefix.utf8.count + name.utf8.count < Self.maximumNameBytes
        else { throw FormatError("its modules hold more modules than any model's do") }
        switch member {
        case .tensor(let index): result[module.prefix + name] = stored(machine.tensors[index])
        case .record: modules.append((module.prefix + name + ".", member, module.depth + 1))
        default: continue
        }
      }
    }
    return result
  }

  /// Strings, numbers and truth values of a dictionary or record, under `prefix`.
  func scalars(of value: PickleValue, prefix: String) -> [String: String] {
    var result: [String: String] = [:]
    for (key, member) in machine.members(of: value) ?? [:] {
      switch member {
      case .text(let text): result[prefix + key] = text
      case .integer(let number): result[prefix + key] = String(number)
      case .float(let number): result[prefix + key] = String(number)
      case .boolean(let flag): result[prefix + key] = flag ? "true" : "false"
      default: continue
      }
    }
    return result
  }
}
