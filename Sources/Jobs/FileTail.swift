import Glibc

/// The last lines of a file that may be large.
package enum FileTail {
  /// A longer end of a file than this is not looked at.
  private static let greatestBytes = 4 << 20

  /// At most `count` lines from the file's end, in their order; none where there is no file.
  package static func lines(_ path: String, count: Int) -> [String] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    let wanted = min(size, greatestBytes)
    guard wanted > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: wanted)
    let read = pread(descriptor, &bytes, wanted, off_t(size - wanted))
    guard read > 0 else { return [] }
    var lines = bytes[..<read].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.suffix(count).map { String(decoding: $0, as: UTF8.self) }
  }
}
