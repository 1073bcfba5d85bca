import COpenSSL

/// SHA-256 (FIPS 180-4), by OpenSSL: the name of an uploaded image and the strong validator of an answer.
package enum Digest {
  /// The 64 lower-case hexadecimal digits of the SHA-256 of `bytes`.
  package static func sha256(_ bytes: some Collection<UInt8>) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    let succeeded =
      bytes.withContiguousStorageIfAvailable { EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil) }
      ?? Array(bytes).withUnsafeBufferPointer { EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil) }
    precondition(succeeded == 1, "libcrypto has no SHA-256: its build or its configuration forbids it")
    return hexadecimal(digest)
  }

  /// Two digits a byte.
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
