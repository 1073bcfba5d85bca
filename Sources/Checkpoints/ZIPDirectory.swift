/// The records of a zip archive as PyTorch writes it: what is read of it is stored, never compressed (APPNOTE.TXT 6.3.9, §4.3).
struct ZIPDirectory {
  struct Record {
    /// Byte of the first byte of data.
    let offset: Int
    let byteCount: Int
    /// Whether the data are stored as they are, the only way that is read.
    let isStored: Bool
  }

  private(set) var records: [String: Record] = [:]

  private static let maximumRecords = 100_000
  private static let maximumDirectoryBytes = 64 << 20

  /// The record of that name; `nil` where there is none. Throws for one that is compressed, as only a program's code is.
  func record(_ name: String) throws(FormatError) -> Record? {
    guard let record = records[name] else { return nil }
    guard record.isStored else { throw FormatError("zip record \(quoted(name)) is compressed; PyTorch stores records as they are") }
    return record
  }

  /// Whether the file begins as an archive does.
  static func isZIP(_ prefix: [UInt8]) -> Bool { prefix.starts(with: [0x50, 0x4B, 0x03, 0x04]) }

  init(_ file: CheckpointFile) throws(FormatError) {
    let (count, offset, byteCount) = try Self.endOfDirectory(file)
    guard count <= Self.maximumRecords, byteCount <= Self.maximumDirectoryBytes, file.contains(offset: offset, count: byteCount) else {
      throw FormatError("the zip directory claims \(count) records in \(byteCount) bytes at byte \(offset), more than is possible here")
    }
    var cursor = ByteCursor(try file.bytes(at: offset, count: byteCount))
    for _ in 0..<count { try addRecord(&cursor, file) }
  }

  /// The end-of-central-directory record (§4.3.16), with its 64-bit form (§4.3.14) where the fields say so.
  private static func endOfDirectory(_ file: CheckpointFile) throws(FormatError) -> (count: Int, offset: Int, byteCount: Int) {
    let tailCount = min(file.byteCount, 22 + 65_535)
    let tailStart = file.byteCount - tailCount
    let tail = try file.bytes(at: tailStart, count: tailCount)
    guard let position = stride(from: tailCount - 22, through: 0, by: -1).first(where: { tail[$0...].starts(with: [0x50, 0x4B, 5, 6]) })
    else { throw FormatError("the zip archive has no end-of-directory record; it is truncated") }
    var cursor = ByteCursor(tail, position: position + 10)
    let (count, byteCount, offset) = (try cursor.size(2), try cursor.size(4), try cursor.size(4))
    guard count == 0xFFFF || byteCount == 0xFFFF_FFFF || offset == 0xFFFF_FFFF else { return (count, offset, byteCount) }
    guard position >= 20 else { throw FormatError("the zip archive's 64-bit end record is missing") }
    var locator = ByteCursor(tail, position: position - 20)
    guard try locator.unsigned(4) == 0x0706_4B50 else { throw FormatError("the zip archive's 64-bit end record is missing") }
    _ = try locator.take(4)
    let recordOffset = try locator.size(8)
    var wide = ByteCursor(try file.bytes(at: recordOffset, count: 56))
    guard try wide.unsigned(4) == 0x0606_4B50 else {
      throw FormatError("the zip archive's 64-bit end record is not at byte \(recordOffset)")
    }
    _ = try wide.take(28)
    let wideCount = try wide.size(8)
    let wideBytes = try wide.size(8)
    return (wideCount, try wide.size(8), wideBytes)
  }

  /// One central directory header (§4.3.12), and the local header (§4.3.7) that tells where its data begins.
  private mutating func addRecord(_ cursor: inout ByteCursor, _ file: CheckpointFile) throws(FormatError) {
    guard try cursor.unsigned(4) == 0x0201_4B50 else {
      throw FormatError("the zip directory is malformed at its byte \(cursor.position - 4)")
    }
    _ = try cursor.take(6)
    let method = try cursor.unsigned(2)
    _ = try cursor.take(8)
    var stored = try cursor.size(4)
    var size = try cursor.size(4)
    let (nameLength, extraLength, commentLength) = (try cursor.size(2), try cursor.size(2), try cursor.size(2))
    _ = try cursor.take(8)
    var header = try cursor.size(4)
    let name = try cursor.text(nameLength)
    try Self.readWideSizes(try cursor.take(extraLength), &size, &stored, &header)
    _ = try cursor.take(commentLength)
    var local = ByteCursor(try file.bytes(at: header, count: 30))
    guard try local.unsigned(4) == 0x0403_4B50 else { throw FormatError("zip record \(quoted(name)) has no header at byte \(header)") }
    _ = try local.take(22)
    let offset = header + 30 + (try local.size(2)) + (try local.size(2))
    guard file.contains(offset: offset, count: stored) else {
      throw FormatError("zip record \(quoted(name)) of \(stored) bytes runs past the end of the file; it is truncated")
    }
    let record = Record(offset: offset, byteCount: stored, isStored: method == 0 && stored == size)
    guard records.updateValue(record, forKey: name) == nil else {
      throw FormatError("the zip archive has two records named \(quoted(name))")
    }
  }

  /// The 64-bit sizes (§4.5.3), present for the fields that are all ones, in this order.
  private static func readWideSizes(
    _ extra: ArraySlice<UInt8>, _ size: inout Int, _ stored: inout Int, _ header: inout Int
  ) throws(FormatError) {
    var cursor = ByteCursor(Array(extra))
    while cursor.bytes.count - cursor.position >= 4 {
      let (kind, length) = (try cursor.unsigned(2), try cursor.size(2))
      guard kind == 1 else {
        _ = try cursor.take(length)
        continue
      }
      var field = ByteCursor(Array(try cursor.take(length)))
      if size == 0xFFFF_FFFF { size = try field.size(8) }
      if stored == 0xFFFF_FFFF { stored = try field.size(8) }
      if header == 0xFFFF_FFFF { header = try field.size(8) }
    }
  }
}
