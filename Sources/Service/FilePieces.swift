import Dispatch
import Foundation

/// A file that is read piece by piece beside Swift's pool.
///
/// `@unchecked`: one piece at a time, each awaited by the one task that reads the file.
final class FilePieces: @unchecked Sendable {
  private static let pieceBytes = 1 << 20

  private let file: FileHandle
  /// Bytes of the file.
  let count: Int

  /// Throws where the file cannot be opened.
  init(_ path: String) throws {
    file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    count = Int(try file.seekToEnd())
    try file.seek(toOffset: 0)
  }

  deinit { try? file.close() }

  /// The next bytes; `nil` at the end.
  func next() async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { [self] in
        continuation.resume(
          with: Result {
            let piece = try file.read(upToCount: Self.pieceBytes)
            return piece.flatMap { $0.isEmpty ? nil : [UInt8]($0) }
          })
      }
    }
  }
}
