import Glibc

/// A file that grows by lines while it is read, and that may be replaced by another of its name.
struct GrowingFile {
  private let path: String
  private var offset: Int
  private var node: UInt64?

  private static let pieceBytes = 1 << 20

  /// - Parameter offset: How many bytes were read before.
  init(_ path: String, from offset: Int = 0) {
    self.path = path
    self.offset = offset
  }

  /// Bytes of the whole lines read so far.
  var position: Int { offset }

  /// The whole lines that were added since the last call, at most a mebibyte of them, and whether they begin a file anew.
  mutating func read() -> (lines: [String], isAnew: Bool) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return ([], false) }
    defer { close(descriptor) }
    guard let status = FileStatus(descriptor: descriptor) else { return ([], false) }
    let isAnew = (node.map { $0 != status.node } ?? false) || status.size < offset
    if isAnew { offset = 0 }
    node = status.node
    var bytes = [UInt8](repeating: 0, count: min(Self.pieceBytes, status.size - offset))
    let count = bytes.isEmpty ? 0 : pread(descriptor, &bytes, bytes.count, off_t(offset))
    guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: "\n")) else { return ([], isAnew) }
    offset += end + 1
    return (bytes[..<end].split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }, isAnew)
  }
}
