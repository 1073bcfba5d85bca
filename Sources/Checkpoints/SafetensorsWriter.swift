import Tensors

/// Writes a safetensors file: eight bytes of header length, the header as JSON, the tensors' bytes without gaps.
struct SafetensorsWriter {
  private let tensors: [WritableTensor]
  private let metadata: [String: String]

  /// Wider types come first, so that every tensor begins at a multiple of its element's size, as the format's own writer has it.
  init(_ tensors: [WritableTensor], metadata: [String: String]) {
    self.tensors =
      tensors.filter { $0.type.byteCount == ElementType.float32.byteCount }
      + tensors.filter { $0.type.byteCount != ElementType.float32.byteCount }
    self.metadata = metadata
  }

  func write(to file: DurableFile) throws {
    let header = header
    try file.append([UInt8](littleEndian: UInt64(header.count)) + header)
    for tensor in tensors { try tensor.encode { try file.append($0) } }
  }

  /// Padded with spaces, so that the data begins at a multiple of eight bytes.
  private var header: [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let strings = metadata.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }
      members.append("\"__metadata__\":{\(strings.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      let offsets = "\(offset),\(offset + tensor.byteCount)"
      members.append(
        "\(Self.quoted(tensor.name)):{\"dtype\":\"\(Self.name(of: tensor.type))\",\"shape\":[\(shape)],\"data_offsets\":[\(offsets)]}")
      offset += tensor.byteCount
    }
    let text = Array("{\(members.joined(separator: ","))}".utf8)
    return text + [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
  }

  private static func name(of type: ElementType) -> String {
    switch type {
    case .float16: "F16"
    case .bfloat16: "BF16"
    default: "F32"
    }
  }

  /// A JSON string (RFC 8259 §7).
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension [UInt8] {
  /// The bytes of a number, least significant first.
  init(littleEndian value: some FixedWidthInteger) {
    self = Swift.withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
