import CArchive
import Glibc

/// libarchive's reader on an open file: tar and zip, plain or through gzip, bzip2, xz or zstd.
///
/// Formats that name other files (mtree) and filters that start programs are not enabled.
struct ArchiveReader: ~Copyable {
  /// A member's header.
  struct Member {
    /// As stored; undecodable bytes are repaired.
    let name: String
    let isRegular: Bool
    let isFolder: Bool
    /// Whether its bytes lie in one piece, as those of all but sparse files do.
    let isContiguous: Bool
    /// `nil` where the header does not tell.
    let byteCount: Int?
  }

  /// In the locale "C", which a process begins with, libarchive reads no names of zip archives but such of ASCII.
  nonisolated(unsafe) private static let unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)  // never changed
  private static let blockSize = 1 << 18
  /// `ARCHIVE_FORMAT_TAR` and the mask of a format's family, in archive.h.
  private static let tarFamily: Int32 = 0x30000
  private static let familyMask: Int32 = 0xFF0000

  private let archive: OpaquePointer
  private let file: ByteFile

  private init(_ archive: OpaquePointer, _ file: ByteFile) {
    self.archive = archive
    self.file = file
  }

  /// Begins to read the file as an archive.
  static func open(_ file: ByteFile) throws(ImageSetError) -> ArchiveReader {
    guard let archive = archive_read_new() else { throw .unreadable(path: file.path, reason: "there is no memory for a reader") }
    let reader = ArchiveReader(archive, file)
    for enable in [archive_read_support_format_tar, archive_read_support_format_zip] { _ = enable(archive) }
    for enable in [
      archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
      archive_read_support_filter_zstd,
    ] { _ = enable(archive) }
    lseek(file.descriptor, 0, SEEK_SET)
    guard archive_read_open_fd(archive, file.descriptor, Self.blockSize) == ARCHIVE_OK else { throw reader.failure() }
    return reader
  }

  deinit { archive_read_free(archive) }

  /// The next member's header, or `nil` at the end.
  mutating func next() throws(ImageSetError) -> Member? {
    let outer = uselocale(Self.unicode)
    defer { uselocale(outer) }
    var entry: OpaquePointer?
    let status = archive_read_next_header(archive, &entry)
    if status == ARCHIVE_EOF { return nil }
    guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure() }
    let stored = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
    let isLink = archive_entry_hardlink(entry) != nil || archive_entry_symlink(entry) != nil
    let type = archive_entry_filetype(entry)
    return Member(
      name: stored.map { String(cString: $0) } ?? "", isRegular: type == S_IFREG && !isLink, isFolder: type == S_IFDIR,
      isContiguous: archive_entry_sparse_count(entry) == 0,
      byteCount: archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil)
  }

  /// Where in the file the current member's bytes begin, if they lie there as they are: in a tar archive that is not compressed.
  var offset: Int? {
    guard archive_filter_code(archive, 0) == 0, archive_format(archive) & Self.familyMask == Self.tarFamily else { return nil }
    return Int(archive_filter_bytes(archive, 0))
  }

  /// Fills `buffer` with the current member's next bytes, as many as there are; 0 at its end.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageSetError) -> Int {
    let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
    guard count >= 0 else { throw failure() }
    return count
  }

  private func failure() -> ImageSetError {
    .brokenArchive(path: file.path, reason: archive_error_string(archive).map { String(cString: $0) } ?? "libarchive does not say why")
  }
}
