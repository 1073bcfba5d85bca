import CArchive
import Glibc

/// Archives for tests, written by libarchive: also such as no honest program makes.
enum SampleArchive {
  struct Member {
    enum Kind { case file, folder, symbolicLink, hardLink, device, pipe }

    let name: String
    var bytes: [UInt8] = [1, 2, 3]
    var kind = Kind.file
  }

  enum Format: CaseIterable { case tar, tarGzip, zip }

  static func write(_ members: [Member], to path: String, format: Format = .tar) {
    let archive = archive_write_new()
    defer { archive_write_free(archive) }
    let status = format == .zip ? archive_write_set_format_zip(archive) : archive_write_set_format_pax(archive)
    let filterStatus = format == .tarGzip ? archive_write_add_filter_gzip(archive) : archive_write_add_filter_none(archive)
    precondition(status == ARCHIVE_OK && filterStatus == ARCHIVE_OK)
    precondition(archive_write_open_filename(archive, path) == ARCHIVE_OK)
    for member in members { add(member, to: archive) }
    precondition(archive_write_close(archive) == ARCHIVE_OK)
  }

  private static func add(_ member: Member, to archive: OpaquePointer?) {
    let entry = archive_entry_new()
    defer { archive_entry_free(entry) }
    archive_entry_set_pathname(entry, member.name)
    archive_entry_set_perm(entry, 0o644)
    let bytes = member.kind == .file ? member.bytes : []
    switch member.kind {
    case .file: archive_entry_set_filetype(entry, S_IFREG)
    case .folder: archive_entry_set_filetype(entry, S_IFDIR)
    case .symbolicLink:
      archive_entry_set_filetype(entry, S_IFLNK)
      archive_entry_set_symlink(entry, "/etc")
    case .hardLink:
      archive_entry_set_filetype(entry, S_IFREG)
      archive_entry_set_hardlink(entry, "a/0.png")
    case .device: archive_entry_set_filetype(entry, S_IFCHR)
    case .pipe: archive_entry_set_filetype(entry, S_IFIFO)
    }
    archive_entry_set_size(entry, Int64(bytes.count))
    precondition(archive_write_header(archive, entry) >= ARCHIVE_WARN, "\(member.name) was not written")
    if !bytes.isEmpty { precondition(archive_write_data(archive, bytes, bytes.count) == bytes.count) }
  }
}
