import COpenSSL
import Foundation

/// The SHA-256 of a whole file, read in pieces.
enum FileDigest {
  private static let pieceBytes = 4 << 20

  /// 64 hexadecimal digits; taken on a thread of its own, so that neither a loading model nor Swift's pool waits for it.
  static func sha256(_ path: String) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global(qos: .userInitiated).async { continuation.resume(with: Result { try digest(path) }) }
    }
  }

  private static func digest(_ path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256: its build or its configuration forbids it")
    while let piece = try file.read(upToCount: pieceBytes), !piece.isEmpty {
      _ = piece.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }
    var digest = [UInt8](repeating: 0, count: 32)
    _ = EVP_DigestFinal_ex(context, &digest, nil)
    return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
