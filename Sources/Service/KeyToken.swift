/// What a client sends to be known: `hpm_NAME_SECRET`, the secret 256 random bits in hexadecimal.
package struct KeyToken: Sendable {
  /// The name of the key that it claims to be.
  package let name: String
  let secret: String

  private static let prefix = "hpm_"
  private static let secretDigits = 64

  /// A new token, drawn from the system's source of randomness.
  init(fresh name: String) {
    self.name = name
    secret = Self.randomDigits(Self.secretDigits)
  }

  /// `nil` for a text that no token can be.
  init?(_ text: some StringProtocol) {
    guard text.hasPrefix(Self.prefix), let end = text.lastIndex(of: "_") else { return nil }
    let start = text.index(text.startIndex, offsetBy: Self.prefix.count)
    guard start < end else { return nil }
    name = String(text[start..<end])
    secret = String(text[text.index(after: end)...])
    guard Self.isName(name), secret.utf8.count == Self.secretDigits else { return nil }
  }

  /// Whether a key may be called `name`: `[a-z0-9][a-z0-9._-]{0,63}`.
  package static func isName(_ name: String) -> Bool { ModelDirectory.isName(name) }

  /// What the client sends.
  package var text: String { "\(Self.prefix)\(name)_\(secret)" }

  /// Random hexadecimal digits, an even number of them.
  static func randomDigits(_ count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<count / 2).map { _ in
      let byte = UInt8.random(in: 0...255, using: &generator)
      return String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
  }
}
