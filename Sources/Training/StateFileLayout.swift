/// A state file: 16 bytes of mark and header length, the header (JSON), the arrays (little-endian float32, end to end in the header's
/// order), and the CRC-32C of all before it.
struct StateFileLayout {
  static let mark: [UInt8] = Array("hpm run\n".utf8)
  static let prefixBytes = 16
  static let checksumBytes = 4
  private static let maximumHeaderBytes = 64 << 20

  let state: RunState
  let arrays: [StateArray]

  /// Mark, length and header.
  var opening: [UInt8] {
    let header = JSONValue.object([
      JSONValue.Member("state", state.json),
      JSONValue.Member("arrays", .array(arrays.map { .array([.text($0.name), .integer($0.count)]) })),
    ]).compact.utf8
    return Self.mark + LittleEndian.bytes(UInt64(header.count)) + header
  }

  /// The bytes of the header that a file's first ``prefixBytes`` announce, or a reason why it is no state file.
  static func headerBytes(_ prefix: [UInt8], fileBytes: Int) throws(StateFileFault) -> Int {
    guard prefix.starts(with: mark) else { throw StateFileFault("it is not a state file") }
    let count = LittleEndian.number(prefix.suffix(8))
    let room = fileBytes - prefixBytes - checksumBytes
    guard count <= maximumHeaderBytes, Int(count) <= room else { throw StateFileFault("its header of \(count) bytes runs past its end") }
    return Int(count)
  }

  init(state: RunState, arrays: [StateArray]) {
    self.state = state
    self.arrays = arrays
  }

  /// Reads a header and holds it against the file's size.
  init(header: [UInt8], fileBytes: Int) throws(StateFileFault) {
    guard let json = try? JSONValue(parsing: header), let state = json["state"].flatMap({ RunState($0) }),
      case .array(let entries)? = json["arrays"]
    else { throw StateFileFault("its header cannot be read") }
    var left = (fileBytes - Self.prefixBytes - header.count - Self.checksumBytes)
    var arrays: [StateArray] = []
    for entry in entries {
      guard case .array(let pair) = entry, pair.count == 2, let name = pair[0].string, let count = pair[1].wholeNumber, count >= 0,
        count <= left / 4
      else { throw StateFileFault("its header lists arrays that it does not hold") }
      left -= 4 * count
      arrays.append(StateArray(name: name, count: count))
    }
    guard left == 0 else { throw StateFileFault("it has \(left) bytes more than its header lists") }
    self.init(state: state, arrays: arrays)
  }
}

/// What is wrong with a state file, before its name is known.
struct StateFileFault: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
