import COpenSSL
package import Foundation

/// A key as the service keeps it: what it may be used for, and enough to recognise it but not to make it.
package struct AccessKey: Sendable, Hashable {
  /// `[a-z0-9][a-z0-9._-]{0,63}`.
  package let name: String
  package let rights: Set<AccessRight>
  /// `nil` for a key without a limit.
  package let requestsPerMinute: Int?
  /// The moment from which it is valid no more; `nil` for a key that does not expire.
  package let expiry: Date?
  let salt: String
  /// The SHA-256 of the salt and the secret: no slow hash, since a secret of 256 random bits cannot be guessed.
  let digest: String

  private static let saltDigits = 32

  /// A new key, with the token that it recognises.
  package static func fresh(
    name: String, rights: Set<AccessRight>, requestsPerMinute: Int?, expiry: Date?
  ) -> (key: AccessKey, token: KeyToken) {
    let token = KeyToken(fresh: name)
    let salt = KeyToken.randomDigits(saltDigits)
    let key = AccessKey(
      name: name, rights: rights, requestsPerMinute: requestsPerMinute, expiry: expiry, salt: salt,
      digest: digest(of: token, salt: salt))
    return (key, token)
  }

  /// Whether `token` is this key's, in a time that does not tell where it differs.
  func recognises(_ token: KeyToken) -> Bool {
    let found = Array(Self.digest(of: token, salt: salt).utf8)
    let expected = Array(digest.utf8)
    return found.count == expected.count && CRYPTO_memcmp(found, expected, expected.count) == 0
  }

  /// Whether it has not expired.
  package func isValid(at moment: Date) -> Bool { expiry.map { moment < $0 } ?? true }

  private static func digest(of token: KeyToken, salt: String) -> String { Digest.sha256(Array((salt + token.secret).utf8)) }
}
