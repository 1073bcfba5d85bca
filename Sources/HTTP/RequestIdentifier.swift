package import HTTPTypes

extension HTTPField.Name {
  /// `X-Request-Id`, which every response carries.
  package static let requestIdentifier = HTTPField.Name("X-Request-Id")!
}

/// Names one request in logs and answers.
package enum RequestIdentifier {
  private static let maximumLength = 128
  private static let digits = Array("0123456789abcdef".utf8)

  /// A new identifier: 128 random bits in hexadecimal.
  package static func fresh() -> String {
    var generator = SystemRandomNumberGenerator()
    return hexadecimal(generator.next()) + hexadecimal(generator.next())
  }

  /// The client's identifier where it is safe to repeat in a header field and a log line.
  static func accepted(_ candidate: String?) -> String? {
    guard let candidate, !candidate.isEmpty, candidate.utf8.count <= maximumLength else { return nil }
    return candidate.utf8.allSatisfy(isAllowed) ? candidate : nil
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  private static func hexadecimal(_ word: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
      for index in 0..<16 { buffer[index] = digits[Int((word >> (60 - 4 * UInt64(index))) & 15)] }
      return 16
    }
  }
}
