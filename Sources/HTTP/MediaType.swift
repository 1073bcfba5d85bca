/// A media type with its parameters (RFC 9110 §8.3.1), or a disposition with its own (RFC 6266).
package struct MediaType: Sendable, Equatable {
  /// In lower case; for a disposition, all of it.
  package let type: String
  /// In lower case; empty for a disposition.
  package let subtype: String
  /// Names in lower case; of a repeated one the first.
  package let parameters: [String: String]

  /// `nil` where the text is no media type.
  package init?(_ text: String) {
    guard let (essence, parameters) = Self.split(text) else { return nil }
    let halves = essence.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2, halves.allSatisfy({ Octet.isToken($0.utf8) }) else { return nil }
    (type, subtype, self.parameters) = (halves[0].lowercased(), halves[1].lowercased(), parameters)
  }

  /// `form-data; name="x"`; `nil` where the text is no disposition.
  init?(disposition text: String) {
    guard let (essence, parameters) = Self.split(text), Octet.isToken(essence.utf8) else { return nil }
    (type, subtype, self.parameters) = (essence.lowercased(), "", parameters)
  }

  /// `type/subtype`.
  package var essence: String { subtype.isEmpty ? type : "\(type)/\(subtype)" }

  private static func split(_ text: String) -> (essence: String, parameters: [String: String])? {
    let bytes = Array(text.utf8)
    var rest = bytes[...]
    let essence = Octet.trimmed(rest.prefix { $0 != UInt8(ascii: ";") })
    rest = rest.drop { $0 != UInt8(ascii: ";") }
    var parameters: [String: String] = [:]
    while !rest.isEmpty {
      rest = rest.dropFirst().drop(while: Octet.isBlank)
      if rest.isEmpty || rest.first == UInt8(ascii: ";") { continue }
      let name = rest.prefix(while: Octet.isToken)
      rest = rest[name.endIndex...]
      guard !name.isEmpty, rest.first == UInt8(ascii: "=") else { return nil }
      rest = rest.dropFirst()
      guard let value = value(&rest) else { return nil }
      rest = rest.drop(while: Octet.isBlank)
      guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
      let key = String(decoding: name, as: UTF8.self).lowercased()
      if parameters[key] == nil { parameters[key] = value }
    }
    return (String(decoding: essence, as: UTF8.self), parameters)
  }

  /// A token or a quoted string, of which browsers escape `"` as `%22` and others as `\"`.
  private static func value(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard rest.first == UInt8(ascii: "\"") else {
      let token = rest.prefix { $0 != UInt8(ascii: ";") && !Octet.isBlank($0) }
      rest = rest[token.endIndex...]
      return Octet.isToken(token) ? String(decoding: token, as: UTF8.self) : nil
    }
    rest = rest.dropFirst()
    var value: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), let escaped = rest.first, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") {
        value.append(escaped)
        rest = rest.dropFirst()
      } else {
        value.append(byte)
      }
    }
    return nil
  }
}
