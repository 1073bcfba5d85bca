package import Foundation

/// Where the tests find the files they compare with.
package enum Fixtures {
  /// The repository's root.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The small files that travel with the repository: `Tests/Fixtures`.
  package static let committed = root.appendingPathComponent("Tests/Fixtures", isDirectory: true)

  /// The team's large reference files and real images, beside the repository; `nil` in a clone without them.
  package static let shared: URL? = {
    let folder = root.deletingLastPathComponent().appendingPathComponent("shared", isDirectory: true)
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  /// Whether the shared reference files are there; a suite that needs them is skipped aloud where they are not.
  package static var hasShared: Bool { shared != nil }

  /// A file of the repository's fixtures.
  package static func file(_ path: String) -> URL { committed.appendingPathComponent(path) }

  /// A file of the shared folder; only in suites enabled by ``hasShared``.
  package static func shared(_ path: String) throws -> URL {
    guard let shared else { throw MissingFixture(path: path) }
    return shared.appendingPathComponent(path)
  }
}

/// A shared file that a clone without the shared folder cannot give.
package struct MissingFixture: Error, CustomStringConvertible {
  let path: String

  package var description: String { "the shared reference file \(path) is not beside this clone" }
}
