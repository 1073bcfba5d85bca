import Checkpoints
import Foundation

extension FileDigest {
  /// The same, taken on a thread of its own, so that neither a loading model nor Swift's pool waits for it.
  static func sha256(awaiting path: String) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global(qos: .userInitiated).async { continuation.resume(with: Result { try sha256(path) }) }
    }
  }
}
