import CArchive
import CLinux
import Glibc

/// Unpacks an uploaded archive into an empty folder: regular files and folders alone, within limits, and nothing outside the folder.
///
/// Formats that name other files (mtree) and filters that start programs are not enabled.
struct ArchiveUnpacking: ~Copyable {
  /// What came out.
  struct Outcome: Sendable, Hashable {
    var files = 0
    /// On disk, where files of the same bytes are one.
    var bytes = 0
  }

  /// Told before that many bytes are on disk; throws where there is no room for them.
  typealias Allowance = (_ bytes: Int) throws(DatasetError) -> Void

  /// In the locale "C", which a process begins with, libarchive reads no names but such of ASCII.
  nonisolated(unsafe) private static let unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)  // never changed
  private static let blockBytes = 1 << 18
  private static let pieceBytes = 1 << 20

  private let archive: OpaquePointer
  private let limits: ArchiveLimits
  private let destination: String
  /// Of the archive's file.
  private let archiveBytes: Int
  private let allow: Allowance
  private var outcome = Outcome()
  /// Bytes of all files.
  private var unpacked = 0
  private var shared: SharedFiles
  private var members = 0
  private var piece = [UInt8](repeating: 0, count: Self.pieceBytes)

  private init(
    _ archive: OpaquePointer, _ path: String, into destination: String, _ limits: ArchiveLimits, _ allow: @escaping Allowance
  ) {
    self.archive = archive
    self.limits = limits
    self.destination = destination
    self.allow = allow
    shared = SharedFiles(in: destination)
    archiveBytes = FileStatus(path: path)?.size ?? 0
  }

  /// Begins to read an archive.
  ///
  /// - Parameter destination: The empty folder that takes the files.
  /// - Throws: ``DatasetError/unknownFormat``, ``DatasetError/disk(_:)``.
  static func open(
    _ path: String, into destination: String, _ limits: ArchiveLimits, allow: @escaping Allowance
  ) throws(DatasetError) -> ArchiveUnpacking {
    guard let archive = archive_read_new() else { throw .disk("There is no memory to read the archive with.") }
    let unpacking = ArchiveUnpacking(archive, path, into: destination, limits, allow)
    for enable in [archive_read_support_format_tar, archive_read_support_format_zip, archive_read_support_filter_gzip] {
      _ = enable(archive)
    }
    guard archive_read_open_filename(archive, path, Self.blockBytes) == ARCHIVE_OK else { throw .unknownFormat }
    return unpacking
  }

  deinit { archive_read_free(archive) }

  /// Unpacks everything; the files are on disk when this returns. Blocks.
  mutating func run() throws(DatasetError) -> Outcome {
    let outer = uselocale(Self.unicode)
    defer { uselocale(outer) }
    var entry: OpaquePointer?
    while true {
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { break }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure() }
      members += 1
      guard members <= limits.members else { throw .tooLarge("The archive has more than \(limits.members) members.") }
      try take(entry)
    }
    try Self.synchronize(destination)
    return outcome
  }

  private mutating func take(_ entry: OpaquePointer) throws(DatasetError) {
    guard let stored = archive_entry_pathname_utf8(entry) else {
      throw .hostile("The archive has a member whose path is not UTF-8 text.")
    }
    let path = try MemberPath(String(cString: stored), limits)
    guard archive_entry_hardlink(entry) == nil, archive_entry_symlink(entry) == nil else {
      throw .hostile("The archive has the link \"\(path.text)\"; it may have files and folders alone.")
    }
    guard archive_entry_is_encrypted(entry) == 0 else { throw .damaged("The archive's member \"\(path.text)\" is encrypted.") }
    switch archive_entry_filetype(entry) {
    case S_IFDIR: try makeFolders(path.text)
    case S_IFREG: try unpack(path, entry)
    default: throw .hostile("The archive has \"\(path.text)\", which is neither a file nor a folder.")
    }
  }

  private mutating func unpack(_ path: MemberPath, _ entry: OpaquePointer) throws(DatasetError) {
    guard !path.text.isEmpty else { throw .hostile("The archive has a file without a name.") }
    if let slash = path.text.lastIndex(of: "/") { try makeFolders(String(path.text[..<slash])) }
    let target = "\(destination)/\(path.text)"
    let descriptor = Glibc.open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      if errno == EEXIST { throw .hostile("The archive has two members called \"\(path.text)\".") }
      throw .disk(target, cannot: "make the file", number: errno)
    }
    defer { close(descriptor) }
    let (size, digest) = try receive(path, into: descriptor, of: target)
    // Of a file that is all hole libarchive gives nothing.
    guard archive_entry_size_is_set(entry) == 0 || archive_entry_size(entry) == size else {
      throw .damaged(
        "The archive's member \"\(path.text)\" has \(size) bytes, but says it has \(archive_entry_size(entry)); pack it without holes.")
    }
    if size > 0, shared.share(path.text, size, digest) { outcome.bytes -= size }
    outcome.files += 1
  }

  /// Writes a member's bytes; how many there are, and a digest of them.
  private mutating func receive(
    _ path: MemberPath, into descriptor: Int32, of target: String
  ) throws(DatasetError) -> (size: Int, digest: Hasher) {
    var (size, digest) = (0, Hasher())
    while true {
      let count = piece.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
      guard count >= 0 else { throw failure() }
      if count == 0 { return (size, digest) }
      size += count
      unpacked += count
      outcome.bytes += count
      try requireLimits(size, path)
      try allow(outcome.bytes)
      piece.withUnsafeBytes { digest.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      try Self.write(piece, count, into: descriptor, of: target)
    }
  }

  private func requireLimits(_ size: Int, _ path: MemberPath) throws(DatasetError) {
    guard size <= limits.memberBytes else {
      throw .tooLarge("The archive's member \"\(path.text)\" is longer than \(limits.memberBytes) bytes.")
    }
    guard unpacked <= limits.unpackedBytes else { throw .tooLarge("The archive unpacks to more than \(limits.unpackedBytes) bytes.") }
    guard unpacked <= limits.freeBytes || unpacked / limits.ratio <= archiveBytes else {
      throw .tooLarge("The archive unpacks to more than \(limits.ratio) times its \(archiveBytes) bytes, as no archive of images does.")
    }
  }

  /// Makes the folders of a path; a file in their place is a clash of two members.
  private func makeFolders(_ path: String) throws(DatasetError) {
    var folder = destination
    for segment in path.split(separator: "/") {
      folder += "/\(segment)"
      if mkdir(folder, 0o755) == 0 { continue }
      guard errno == EEXIST else { throw .disk(folder, cannot: "make the folder", number: errno) }
      guard FileStatus(path: folder)?.isFolder == true else {
        throw .hostile("The archive has a file and a folder called \"\(path)\".")
      }
    }
  }

  private func failure() -> DatasetError {
    // `ARCHIVE_ERRNO_FILE_FORMAT`: no format that is enabled claims the bytes.
    if members == 0, archive_errno(archive) == EILSEQ { return .unknownFormat }
    let reason = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive does not say why"
    return .damaged("The archive cannot be read after \(members) members: \(reason).")
  }

  private static func write(_ bytes: [UInt8], _ count: Int, into descriptor: Int32, of path: String) throws(DatasetError) {
    var done = 0
    while done < count {
      let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), count - done) }
      if written < 0 && errno == EINTR { continue }
      guard written >= 0 else { throw .disk(path, cannot: "write the file", number: errno) }
      done += written
    }
  }

  /// Everything of the folder's file system at once: one call for what may be a million files.
  private static func synchronize(_ folder: String) throws(DatasetError) {
    let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .disk(folder, cannot: "open the folder", number: errno) }
    defer { close(descriptor) }
    guard syncfs(descriptor) == 0 else { throw .disk(folder, cannot: "synchronize the files", number: errno) }
  }
}
