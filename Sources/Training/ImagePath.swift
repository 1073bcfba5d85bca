/// Where an image lies in its folder or archive: the names of folders and of the file, `/` between them.
package struct ImagePath: Hashable, Sendable, CustomStringConvertible {
  /// Names of the formats that are read; compared without regard to case.
  static let endings = ["jpg", "jpeg", "png", "webp"]

  package let text: String

  /// A path that the file system gave.
  init(_ text: String) { self.text = text }

  /// The path of an archive's member, without `.` and doubled slashes; `nil` where it is absolute, leads upwards or is empty.
  init?(member name: String) {
    guard !name.hasPrefix("/") else { return nil }
    let names = name.split(separator: "/").filter { $0 != "." }
    guard !names.isEmpty, !names.contains("..") else { return nil }
    text = names.joined(separator: "/")
  }

  package var description: String { text }

  /// Whether the name ends as an image's, and neither it nor a folder on the way is hidden.
  var isImage: Bool {
    Self.endsAsImage(text) && !text.split(separator: "/").contains { $0.hasPrefix(".") }
  }

  /// The folders on the way to the file, outermost first.
  var folders: ArraySlice<Substring> { text.split(separator: "/").dropLast() }

  static func endsAsImage(_ text: some StringProtocol) -> Bool {
    guard let point = text.lastIndex(of: ".") else { return false }
    return endings.contains(text[point...].dropFirst().lowercased())
  }
}

extension ImagePath: Comparable {
  /// By name after name, each compared byte for byte: the order of ImageFolder's classes, the same on every machine.
  package static func < (first: ImagePath, second: ImagePath) -> Bool {
    let slash = UInt8(ascii: "/")
    return first.text.utf8.lazy.map { $0 == slash ? 0 : $0 }.lexicographicallyPrecedes(second.text.utf8.lazy.map { $0 == slash ? 0 : $0 })
  }
}
