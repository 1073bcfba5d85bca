import Tensors

/// Python's pickle protocol 2, as much of it as describes a dictionary of tensors to `torch.load`.
struct PickleWriter {
  private(set) var bytes: [UInt8] = [0x80, 2]  // PROTO 2
  private let tensors: [WritableTensor]

  /// The pickle of a document: its dictionary, whose tensors name the storage of their index.
  static func bytes(of document: TorchDocument) -> [UInt8] {
    var writer = PickleWriter(tensors: document.tensors)
    writer.write(.members(document.root))
    writer.code(".")
    return writer.bytes
  }

  private init(tensors: [WritableTensor]) { self.tensors = tensors }

  private mutating func write(_ value: TorchValue) {
    switch value {
    case .none: code("N")
    case .boolean(let flag): bytes.append(flag ? 0x88 : 0x89)
    case .integer(let number): integer(number)
    case .float(let number):
      code("G")  // BINFLOAT, big-endian
      bytes += [UInt8](littleEndian: number.bitPattern.byteSwapped)
    case .text(let text): self.text(text)
    case .list(let values):
      code("](")
      for value in values { write(value) }
      code("e")
    case .dictionary(let items):
      code("}(")
      for item in items {
        write(item.key)
        write(item.value)
      }
      code("u")
    case .tensor(let index): tensor(index)
    }
  }

  private mutating func code(_ opcodes: String) { bytes += Array(opcodes.utf8) }

  private mutating func text(_ text: String) {
    code("X")  // BINUNICODE
    bytes += [UInt8](littleEndian: UInt32(text.utf8.count)) + Array(text.utf8)
  }

  private mutating func integer(_ number: Int) {
    if let short = Int32(exactly: number) {
      code("J")  // BININT
      bytes += [UInt8](littleEndian: short)
    } else {
      bytes += [0x8A, 8] + [UInt8](littleEndian: number)  // LONG1 of eight bytes
    }
  }

  private mutating func integers(_ numbers: [Int]) {
    code("(")
    for number in numbers { integer(number) }
    code("t")
  }

  private mutating func global(_ module: String, _ name: String) { code("c\(module)\n\(name)\n") }

  /// `_rebuild_tensor_v2(storage, 0, size, stride, requires_grad=False, backward_hooks=OrderedDict())`.
  private mutating func tensor(_ index: Int) {
    let tensor = tensors[index]
    global("torch._utils", "_rebuild_tensor_v2")
    code("(")
    storage(index, tensor)
    integer(0)
    integers(tensor.shape.dimensions)
    integers(StoredTensor.denseStrides(tensor.shape))
    write(.boolean(false))
    global("collections", "OrderedDict")
    code(")Rt")
    code("R")
  }

  /// The persistent id ('storage', type, key, location, element count).
  private mutating func storage(_ index: Int, _ tensor: WritableTensor) {
    code("(")
    text("storage")
    global("torch", Self.storageName(tensor.type))
    text(String(index))
    text("cpu")
    integer(tensor.shape.elementCount)
    code("tQ")
  }

  private static func storageName(_ type: ElementType) -> String {
    switch type {
    case .float16: "HalfStorage"
    case .bfloat16: "BFloat16Storage"
    default: "FloatStorage"
    }
  }
}
