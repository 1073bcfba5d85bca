import CZlib

/// Writes a zip archive as PyTorch does: records stored as they are, each record's data at a multiple of 64 bytes (APPNOTE.TXT 6.3.9).
final class ZIPWriter {
  private struct Entry {
    let name: [UInt8]
    let byteCount: Int
    let header: Int
    let checksum: UInt32
  }

  private let file: DurableFile
  private let wideFrom: Int
  private var entries: [Entry] = []

  private static let alignment = 64
  private static let allOnes = UInt32.max
  private static let firstOfJanuary1980: UInt16 = 0x0021

  /// - Parameter wideFrom: From which size or offset on the 64-bit fields are used, at most the first that needs them.
  init(_ file: DurableFile, wideFrom: Int = Int(UInt32.max)) {
    precondition(wideFrom <= Int(UInt32.max), "32-bit fields end below \(wideFrom)")
    self.file = file
    self.wideFrom = wideFrom
  }

  /// Adds a record that is at hand.
  func add(_ name: String, _ bytes: [UInt8]) throws {
    try add(name, byteCount: bytes.count) { append in try bytes.withUnsafeBytes { try append($0) } }
  }

  /// Adds a record of `byteCount` bytes, which `body` appends piece by piece. Their checksum goes into the header afterwards.
  func add(_ name: String, byteCount: Int, _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws {
    let (header, name) = (file.byteCount, Array(name.utf8))
    try file.append(localHeader(name, byteCount))
    let start = file.byteCount
    var checksum = crc32_z(0, nil, 0)
    try body { bytes in
      checksum = crc32_z(checksum, bytes.baseAddress, bytes.count)
      try self.file.append(bytes)
    }
    precondition(file.byteCount == start + byteCount, "a record of \(byteCount) bytes got \(file.byteCount - start)")
    let entry = Entry(name: name, byteCount: byteCount, header: header, checksum: UInt32(checksum))
    try file.patch([UInt8](littleEndian: entry.checksum), at: header + Self.checksumOffset)
    entries.append(entry)
  }

  private static let checksumOffset = 14

  /// Local file header (§4.3.7), filled up with an extra field `FB` so that data begins at a multiple of the alignment, as PyTorch does.
  private func localHeader(_ name: [UInt8], _ byteCount: Int) -> [UInt8] {
    let isWide = byteCount >= wideFrom
    var extra = isWide ? wideField([byteCount, byteCount]) : []
    let unpadded = file.byteCount + 30 + name.count + extra.count + 4
    let padding = (Self.alignment - unpadded % Self.alignment) % Self.alignment
    extra += Array("FB".utf8) + [UInt8](littleEndian: UInt16(padding)) + [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
    return [UInt8](littleEndian: UInt32(0x0403_4B50)) + commonFields(isWide: isWide, checksum: 0, byteCount, name.count, extra.count) + name
      + extra
  }

  /// From "version needed" to "extra field length", which both headers have alike.
  private func commonFields(isWide: Bool, checksum: UInt32, _ byteCount: Int, _ nameCount: Int, _ extraCount: Int) -> [UInt8] {
    let size = isWide ? Self.allOnes : UInt32(byteCount)
    var fields: [UInt8] = []
    for field: UInt16 in [isWide ? 45 : 20, 0, 0, 0, Self.firstOfJanuary1980] { fields += [UInt8](littleEndian: field) }
    for field in [checksum, size, size] { fields += [UInt8](littleEndian: field) }
    return fields + [UInt8](littleEndian: UInt16(nameCount)) + [UInt8](littleEndian: UInt16(extraCount))
  }

  /// The 64-bit extra field (§4.5.3).
  private func wideField(_ values: [Int]) -> [UInt8] {
    [UInt8](littleEndian: UInt16(1)) + [UInt8](littleEndian: UInt16(8 * values.count)) + values.flatMap { [UInt8](littleEndian: $0) }
  }

  /// Writes the directory; nothing can be added any more.
  func finish() throws {
    let start = file.byteCount
    for entry in entries { try file.append(directoryHeader(entry)) }
    try file.append(end(start: start, byteCount: file.byteCount - start))
  }

  /// Central directory header (§4.3.12).
  private func directoryHeader(_ entry: Entry) -> [UInt8] {
    let (isWide, isFar) = (entry.byteCount >= wideFrom, entry.header >= wideFrom)
    let values = (isWide ? [entry.byteCount, entry.byteCount] : []) + (isFar ? [entry.header] : [])
    let extra = values.isEmpty ? [] : wideField(values)
    let zeros = [UInt8](repeating: 0, count: 10)  // comment length, disk, attributes
    return [UInt8](littleEndian: UInt32(0x0201_4B50)) + [UInt8](littleEndian: UInt16(45))
      + commonFields(isWide: isWide, checksum: entry.checksum, entry.byteCount, entry.name.count, extra.count) + zeros
      + [UInt8](littleEndian: isFar ? Self.allOnes : UInt32(entry.header)) + entry.name + extra
  }

  /// End of the central directory (§4.3.16), behind its 64-bit form and locator (§4.3.14, §4.3.15) where those are needed.
  private func end(start: Int, byteCount: Int) -> [UInt8] {
    let isWide = entries.count >= Int(UInt16.max) || start >= wideFrom || byteCount >= wideFrom
    var bytes: [UInt8] = []
    if isWide {
      bytes += [UInt8](littleEndian: UInt32(0x0606_4B50)) + [UInt8](littleEndian: UInt64(44))
      bytes += [UInt8](littleEndian: UInt16(45)) + [UInt8](littleEndian: UInt16(45)) + [UInt8](repeating: 0, count: 8)
      for field in [entries.count, entries.count, byteCount, start] { bytes += [UInt8](littleEndian: field) }
      bytes += [UInt8](littleEndian: UInt32(0x0706_4B50)) + [UInt8](littleEndian: UInt32(0))
      bytes += [UInt8](littleEndian: start + byteCount) + [UInt8](littleEndian: UInt32(1))
    }
    bytes += [UInt8](littleEndian: UInt32(0x0605_4B50)) + [UInt8](repeating: 0, count: 4)
    let count = isWide ? UInt16.max : UInt16(entries.count)
    bytes += [UInt8](littleEndian: count) + [UInt8](littleEndian: count)
    for field in [byteCount, start] { bytes += [UInt8](littleEndian: isWide ? Self.allOnes : UInt32(field)) }
    return bytes + [0, 0]
  }
}
