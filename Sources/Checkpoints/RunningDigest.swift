import COpenSSL

/// The SHA-256 (FIPS 180-4) of bytes that come in pieces.
package struct RunningDigest: ~Copyable {
  private let context = EVP_MD_CTX_new()

  package init() {
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256: its build or its configuration forbids it")
  }

  deinit { EVP_MD_CTX_free(context) }

  package mutating func add(_ bytes: UnsafeRawBufferPointer) { _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

  /// 64 lower-case hexadecimal digits; nothing is added afterwards.
  package consuming func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    _ = EVP_DigestFinal_ex(context, &digest, &count)
    return digest.prefix(Int(count)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
