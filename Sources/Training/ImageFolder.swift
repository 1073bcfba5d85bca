import Glibc

/// The images of a folder, at any depth. Links are followed, a folder within itself is not; hidden files and folders are passed over.
struct ImageFolder {
  private(set) var paths: [ImagePath] = []
  private(set) var ignored = IgnoredFiles()

  private static let maximumDepth = 64

  /// A folder yet to be read, and the folders it lies in.
  private struct Visit {
    let path: String
    let ancestors: [Identity]
  }

  /// What a folder is, whatever it is called.
  private struct Identity: Equatable {
    let device: UInt64
    let node: UInt64
  }

  private enum Kind { case folder, file, other }

  init(_ root: String) throws(ImageSetError) {
    var waiting = [Visit(path: "", ancestors: [])]
    while let visit = waiting.popLast() { waiting += try read(visit, in: root) }
    paths.sort()
  }

  /// Takes a folder's images and gives its folders.
  private mutating func read(_ visit: Visit, in root: String) throws(ImageSetError) -> [Visit] {
    let path = visit.path.isEmpty ? root : ImageSet.joined(root, visit.path)
    guard let stream = opendir(path) else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
    defer { closedir(stream) }
    var status = stat()
    guard fstat(dirfd(stream), &status) == 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
    let identity = Identity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
    guard !visit.ancestors.contains(identity), visit.ancestors.count < Self.maximumDepth else { return [] }
    var folders: [Visit] = []
    while let entry = readdir(stream) {
      let name = Self.name(of: entry)
      guard name != ".", name != ".." else { continue }
      let inner = visit.path.isEmpty ? name : visit.path + "/" + name
      switch Self.kind(of: entry, at: ImageSet.joined(root, inner)) {
      case .folder: if !name.hasPrefix(".") { folders.append(Visit(path: inner, ancestors: visit.ancestors + [identity])) }
      case .file: take(ImagePath(inner))
      case .other: ignored.linksAndDevices += 1
      }
    }
    return folders
  }

  private mutating func take(_ path: ImagePath) {
    if path.isImage { paths.append(path) } else { ignored.otherFiles += 1 }
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
    withUnsafePointer(to: &entry.pointee.d_name) { name in
      name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) { String(cString: $0) }
    }
  }

  /// What the entry is, or leads to; a link that leads nowhere is neither file nor folder.
  private static func kind(of entry: UnsafeMutablePointer<dirent>, at path: String) -> Kind {
    switch Int(entry.pointee.d_type) {
    case Int(DT_DIR): return .folder
    case Int(DT_REG): return .file
    case Int(DT_LNK), Int(DT_UNKNOWN):
      var status = stat()
      guard stat(path, &status) == 0 else { return .other }
      let type = status.st_mode & S_IFMT
      return type == S_IFDIR ? .folder : type == S_IFREG ? .file : .other
    default: return .other
    }
  }
}
