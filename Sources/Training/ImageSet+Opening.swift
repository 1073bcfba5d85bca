import Glibc

extension ImageSet {
  /// Opens the images at `location`: a folder, a tar or zip archive (plain or compressed), or a list, which is told from the bytes.
  ///
  /// `PATH!FOLDER` takes only those below FOLDER, as in `cifar10.tar.gz!train`. A list has a path on each line, relative to the list's own
  /// folder, or `ARCHIVE!MEMBER`, then optionally a space or tab and a class.
  package static func open(
    _ location: String, configuration: ImageSetConfiguration = ImageSetConfiguration()
  ) throws(ImageSetError) -> ImageSet {
    let (path, folder) = split(location)
    var status = stat()
    guard stat(path, &status) == 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
    if status.st_mode & S_IFMT == S_IFDIR {
      try accept(.folder, at: path, configuration)
      return try folderSet(folder.map { joined(path, $0) } ?? path, configuration)
    }
    let file = try ByteFile(path: path)
    if folder == nil, try ImageList.isList(file) {
      try accept(.list, at: path, configuration)
      return try ImageList(file, configuration: configuration).images()
    }
    try accept(.archive, at: path, configuration)
    return try archiveSet(ImageArchive(file, configuration: configuration), below: folder, configuration)
  }

  private static func accept(_ source: ImageSource, at path: String, _ configuration: ImageSetConfiguration) throws(ImageSetError) {
    guard !configuration.sources.contains(source) else { return }
    throw .sourceNotAccepted(path: path, found: source, accepted: configuration.sources)
  }

  /// The parts of `PATH!FOLDER`; a path that exists as it stands has none.
  static func split(_ location: String) -> (path: String, inner: String?) {
    guard access(location, F_OK) != 0, let mark = location.lastIndex(of: "!") else { return (location, nil) }
    return (String(location[..<mark]), String(location[location.index(after: mark)...]))
  }

  private static func folderSet(_ root: String, _ configuration: ImageSetConfiguration) throws(ImageSetError) -> ImageSet {
    let folder = try ImageFolder(root)
    guard !folder.paths.isEmpty else { throw .noImages(path: root, ignored: folder.ignored) }
    let labels = FolderLabels(of: folder.paths)
    let entries = zip(folder.paths, labels.labels).map { Entry(path: $0, place: .file(folder: root), label: $1) }
    return ImageSet(
      classNames: labels.classNames, ignored: folder.ignored, entries: entries, maximumImageBytes: configuration.maximumImageBytes)
  }

  private static func archiveSet(
    _ archive: ImageArchive, below folder: String?, _ configuration: ImageSetConfiguration
  ) throws(ImageSetError) -> ImageSet {
    var members = archive.members
    if let folder, let inner = ImagePath(member: folder) { members.removeAll { !$0.path.text.hasPrefix(inner.text + "/") } }
    guard !members.isEmpty else {
      throw .noImages(path: archive.path + (folder.map { "!" + $0 } ?? ""), ignored: archive.ignored)
    }
    let labels = FolderLabels(of: members.map(\.path))
    let entries = zip(members, labels.labels).map { member, label in
      Entry(path: member.path, place: .member(of: archive, offset: member.offset, byteCount: member.byteCount), label: label)
    }
    return ImageSet(
      classNames: labels.classNames, ignored: archive.ignored, entries: entries, maximumImageBytes: configuration.maximumImageBytes)
  }
}
