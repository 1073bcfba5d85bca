/// The path of an archive's member below the folder that it is unpacked into: no way out of it.
struct MemberPath: Sendable, Hashable {
  /// Segments joined by slashes; empty for the folder itself.
  let text: String

  /// What file systems allow a name.
  private static let nameBytes = 255
  /// Of a path that a refusal names.
  private static let shownCharacters = 80

  /// - Throws: ``DatasetError/hostile(_:)`` for an absolute path, `..`, bytes that are no text, and paths that are too long or too deep.
  init(_ stored: String, _ limits: ArchiveLimits) throws(DatasetError) {
    let shown = "\"\(Self.shown(stored))\""
    guard !stored.hasPrefix("/"), !stored.contains("\\") else {
      throw .hostile("The archive has the member \(shown); a path must be relative, with slashes between its folders.")
    }
    guard stored.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 && $0 != "\u{FFFD}" }) else {
      throw .hostile("The archive has the member \(shown), whose path is not plain UTF-8 text.")
    }
    let segments = stored.split(separator: "/").filter { $0 != "." }
    guard !segments.contains("..") else { throw .hostile("The archive has the member \(shown), which leads out of the data set.") }
    guard stored.utf8.count <= limits.pathBytes, segments.count <= limits.depth, segments.allSatisfy({ $0.utf8.count <= Self.nameBytes })
    else {
      throw .hostile(
        "The archive has the member \(shown), whose path is over \(limits.pathBytes) bytes, \(limits.depth) folders or \(Self.nameBytes) bytes a name."
      )
    }
    text = segments.joined(separator: "/")
  }

  /// Its beginning, without those that command a terminal.
  private static func shown(_ stored: String) -> String {
    String(stored.unicodeScalars.prefix(shownCharacters).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
  }
}
