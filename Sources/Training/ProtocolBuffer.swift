/// Appends fields of a protocol-buffer message (the encoding guide of protobuf.dev): the few wire types that TensorBoard's events need.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  mutating func double(_ field: UInt64, _ value: Double) {
    tag(field, .fixed64)
    bytes += LittleEndian.bytes(value.bitPattern)
  }

  mutating func float(_ field: UInt64, _ value: Float) {
    tag(field, .fixed32)
    bytes += LittleEndian.bytes(value.bitPattern)
  }

  /// Zero is what a reader takes a missing field for, so it is left out.
  mutating func integer(_ field: UInt64, _ value: Int) {
    guard value != 0 else { return }
    tag(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func data(_ field: UInt64, _ value: some Collection<UInt8>) {
    tag(field, .lengthDelimited)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: UInt64, _ value: String) { data(field, Array(value.utf8)) }

  mutating func message(_ field: UInt64, _ fields: (inout ProtocolBuffer) -> Void) {
    var message = ProtocolBuffer()
    fields(&message)
    data(field, message.bytes)
  }

  private mutating func tag(_ field: UInt64, _ type: WireType) { varint(field << 3 | type.rawValue) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
