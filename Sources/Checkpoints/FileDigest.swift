/// The SHA-256 (FIPS 180-4) of a whole file, read in pieces: what tells whether two files are the same.
package enum FileDigest {
  private static let pieceBytes = 4 << 20

  /// 64 lower-case hexadecimal digits.
  package static func sha256(_ path: String) throws(CheckpointError) -> String {
    do throws(FormatError) {
      return try digest(CheckpointFile(path: path))
    } catch { throw CheckpointError(path: path, reason: error.reason) }
  }

  private static func digest(_ file: CheckpointFile) throws(FormatError) -> String {
    var digest = RunningDigest()
    var offset = 0
    while offset < file.byteCount {
      let piece = try file.bytes(at: offset, count: min(pieceBytes, file.byteCount - offset))
      piece.withUnsafeBytes { digest.add($0) }
      offset += piece.count
    }
    return digest.finish()
  }
}
