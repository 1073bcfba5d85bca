import Glibc

/// The images of an archive, each a run of bytes of a file: of the archive itself where it is a plain tar, and of a copy of the images
/// alone, made once when it is opened, where it is compressed.
final class ImageArchive: Sendable {
  struct Member {
    let path: ImagePath
    let offset: Int
    let byteCount: Int
  }

  let path: String
  /// In the order of their paths.
  let members: [Member]
  let ignored: IgnoredFiles
  private let file: ByteFile

  init(_ archive: ByteFile, configuration: ImageSetConfiguration) throws(ImageSetError) {
    path = archive.path
    var index = ArchiveIndex(archive, configuration: configuration)
    file = try index.read()
    members = index.members.values.sorted { $0.path < $1.path }
    ignored = index.ignored
  }

  func bytes(at offset: Int, count: Int) throws(ImageSetError) -> [UInt8] { try file.bytes(at: offset, count: count) }
}

/// One pass over an archive's members.
private struct ArchiveIndex {
  private(set) var members: [ImagePath: ImageArchive.Member] = [:]
  private(set) var ignored = IgnoredFiles()
  private let archive: ByteFile
  private let configuration: ImageSetConfiguration

  private static let pieceSize = 1 << 18

  init(_ archive: ByteFile, configuration: ImageSetConfiguration) {
    self.archive = archive
    self.configuration = configuration
  }

  /// Notes every image, and gives the file that holds them.
  mutating func read() throws(ImageSetError) -> ByteFile {
    var reader = try ArchiveReader.open(archive)
    var spool = SpoolFile(in: configuration.spoolFolder)
    while let member = try reader.next() {
      guard let path = imagePath(of: member) else { continue }
      if let offset = reader.offset {
        try note(path, at: offset, of: member)
      } else {
        try copy(path, from: &reader, to: &spool)
      }
    }
    return spool.finished(called: archive.path) ?? archive
  }

  /// The path of a member that is an image to be taken.
  private mutating func imagePath(of member: ArchiveReader.Member) -> ImagePath? {
    guard !member.isFolder else { return nil }
    guard let path = ImagePath(member: member.name) else {
      ignored.hostileNames += 1
      return nil
    }
    guard member.isRegular, member.isContiguous else {
      ignored.linksAndDevices += 1
      return nil
    }
    guard path.isImage else {
      ignored.otherFiles += 1
      return nil
    }
    guard member.byteCount ?? 0 <= configuration.maximumImageBytes else {
      ignored.oversized += 1
      return nil
    }
    return path
  }

  private mutating func note(_ path: ImagePath, at offset: Int, of member: ArchiveReader.Member) throws(ImageSetError) {
    let byteCount = member.byteCount ?? 0
    guard offset <= archive.byteCount, byteCount <= archive.byteCount - offset else {
      throw .brokenArchive(path: archive.path, reason: "its end is missing within \(path)")
    }
    add(ImageArchive.Member(path: path, offset: offset, byteCount: byteCount))
  }

  private mutating func copy(_ path: ImagePath, from reader: inout ArchiveReader, to spool: inout SpoolFile) throws(ImageSetError) {
    let start = spool.byteCount
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 16)
    defer { piece.deallocate() }
    while case let count = try reader.read(into: piece), count > 0 {
      guard spool.byteCount - start + count <= configuration.maximumImageBytes else {
        spool.rewind(to: start)
        ignored.oversized += 1
        return
      }
      guard spool.byteCount + count <= configuration.maximumSpoolBytes else {
        throw .spoolLimit(path: archive.path, limit: configuration.maximumSpoolBytes)
      }
      try spool.append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
    add(ImageArchive.Member(path: path, offset: start, byteCount: spool.byteCount - start))
  }

  private mutating func add(_ member: ImageArchive.Member) {
    if members.updateValue(member, forKey: member.path) != nil { ignored.replaced += 1 }
  }
}
