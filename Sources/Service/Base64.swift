import Foundation

/// RFC 4648 §4, strictly.
enum Base64 {
  /// The bytes that `text` stands for; `nil` where it is no Base64.
  static func decode(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }
}
