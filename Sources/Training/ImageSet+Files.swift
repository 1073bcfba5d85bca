import Glibc

extension ImageSet {
  /// What a file is, whatever it is called.
  private struct FileIdentity: Hashable {
    let device: UInt64
    let node: UInt64
  }

  /// Images of a folder whose file is also an earlier image's, under another name; asks the file system about every one.
  package var duplicateCount: Int {
    var seen: Set<FileIdentity> = []
    return entries.count { entry in
      guard case .file(let folder) = entry.place else { return false }
      var status = stat()
      guard stat(Self.joined(folder, entry.path.text), &status) == 0 else { return false }
      return !seen.insert(FileIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))).inserted
    }
  }
}
