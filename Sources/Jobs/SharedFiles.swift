import Foundation

/// Lets files of the same bytes be one file under several names (hard links), so that each name keeps its folder, and so its class.
struct SharedFiles {
  private let folder: String
  /// The first file of each digest. The digest is seeded anew in every process, and files are compared before they are taken for one.
  private var known: [Int: String] = [:]

  /// The name that a link has before it takes the place of a copy.
  private static let linkName = ".hpm-link"

  init(in folder: String) { self.folder = folder }

  /// Whether the file at a path below the folder has the bytes of an earlier one, whose disk space it shares then.
  ///
  /// - Parameters:
  ///   - size: Its bytes.
  ///   - digest: What combined them.
  mutating func share(_ path: String, _ size: Int, _ digest: Hasher) -> Bool {
    var digest = digest
    digest.combine(size)
    let key = digest.finalize()
    guard let earlier = known.updateValue(path, forKey: key) else { return false }
    let (first, second, between) = ("\(folder)/\(earlier)", "\(folder)/\(path)", "\(folder)/\(Self.linkName)")
    // A file has only so many names, and some file systems have no links: then the copy stays, and later ones share with it.
    guard FileManager.default.contentsEqual(atPath: first, andPath: second), link(first, between) == 0 else { return false }
    guard rename(between, second) == 0 else {
      unlink(between)
      return false
    }
    return true
  }
}
