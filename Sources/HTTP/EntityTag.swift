/// Compares entity tags (RFC 9110 §8.8.3, §13.1).
package enum EntityTag {
  /// Whether `If-None-Match` names the tag (weak comparison), so that a `GET` is answered with 304.
  package static func matches(ifNoneMatch field: String?, _ tag: String) -> Bool {
    guard let field else { return false }
    return list(field).contains { $0 == "*" || opaque($0) == opaque(tag[...]) }
  }

  /// Whether `If-Match` names the tag (strong comparison).
  package static func matches(ifMatch field: String, _ tag: String) -> Bool {
    list(field).contains { $0 == "*" || ($0 == tag && !tag.hasPrefix("W/")) }
  }

  /// The tag of a content whose octets differ while what it says does not.
  static func weak(_ tag: String) -> String { tag.hasPrefix("W/") ? tag : "W/" + tag }

  /// Whether a list has exactly this tag.
  static func names(_ tag: String, in field: String?) -> Bool { field.map { list($0).contains { $0 == tag } } ?? false }

  private static func opaque(_ tag: Substring) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag }

  /// The tags of a list; a comma within quotes is part of its tag.
  private static func list(_ field: String) -> [Substring] {
    var tags: [Substring] = []
    var start = field.startIndex
    var isQuoted = false
    for index in field.indices {
      if field[index] == "\"" { isQuoted.toggle() }
      guard field[index] == ",", !isQuoted else { continue }
      tags.append(trimmed(field[start..<index]))
      start = field.index(after: index)
    }
    tags.append(trimmed(field[start...]))
    return tags.filter { !$0.isEmpty }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
    while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
    return text
  }
}
