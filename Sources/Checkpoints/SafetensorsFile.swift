import Tensors

/// A safetensors file: eight bytes of header length, the header, the data that its offsets cover without gap or overlap.
enum SafetensorsFile {
  /// The format's own limit.
  private static let maximumHeaderBytes = 100_000_000

  /// Whether the file begins as one does: a small length, then `{`.
  static func isSafetensors(_ prefix: [UInt8]) -> Bool { prefix.count >= 9 && prefix[8] == UInt8(ascii: "{") }

  static func read(_ file: CheckpointFile) throws(FormatError) -> (tensors: [String: StoredTensor], metadata: [String: String]) {
    var cursor = ByteCursor(try file.bytes(at: 0, count: min(8, file.byteCount)))
    let length = try cursor.size(8)
    guard length <= maximumHeaderBytes else {
      throw FormatError("the safetensors header claims \(length) bytes; at most \(maximumHeaderBytes) are allowed")
    }
    guard length <= file.byteCount - 8 else {
      throw FormatError(
        "the safetensors header claims \(length) bytes, but the file has \(file.byteCount - 8) after its length; it is truncated")
    }
    let header = try SafetensorsHeader(parsing: file.bytes(at: 8, count: length))
    let dataStart = 8 + length
    var expected = 0
    var tensors: [String: StoredTensor] = [:]
    for entry in header.entries.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
      guard entry.start == expected else {
        throw FormatError(
          "tensor \(quoted(entry.name)) starts at byte \(entry.start) of the data, where \(expected) is next; data may have no gap or overlap"
        )
      }
      expected = entry.end
      guard entry.end <= file.byteCount - dataStart else {
        throw FormatError(
          "tensor \(quoted(entry.name)) ends at byte \(entry.end) of the data, but the file has \(file.byteCount - dataStart); it is truncated"
        )
      }
      tensors[entry.name] = StoredTensor(
        shape: entry.shape, type: entry.type, strides: StoredTensor.denseStrides(entry.shape), byteOffset: dataStart + entry.start)
    }
    guard expected == file.byteCount - dataStart else {
      throw FormatError("the tensors take \(expected) bytes of data, but the file has \(file.byteCount - dataStart)")
    }
    return (tensors, header.metadata)
  }
}
