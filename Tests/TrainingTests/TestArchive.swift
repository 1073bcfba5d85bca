import CArchive
import Glibc

/// Archives for tests, written by libarchive: also such as no honest program makes.
enum TestArchive {
  struct Member {
    enum Kind { case file, folder, symbolicLink, hardLink, device }

    let name: String
    var bytes: [UInt8] = []
    var kind = Kind.file
  }

  enum Format: CaseIterable { case ustar, pax, gnutar, zip }

  enum Compression: CaseIterable { case none, gzip, bzip2, xz, zstd }

  static func write(_ members: [Member], to path: String, format: Format = .pax, compression: Compression = .none) {
    let archive = archive_write_new()
    defer { archive_write_free(archive) }
    let formatStatus =
      switch format {
      case .ustar: archive_write_set_format_ustar(archive)
      case .pax: archive_write_set_format_pax(archive)
      case .gnutar: archive_write_set_format_gnutar(archive)
      case .zip: archive_write_set_format_zip(archive)
      }
    let filterStatus =
      switch compression {
      case .none: archive_write_add_filter_none(archive)
      case .gzip: archive_write_add_filter_gzip(archive)
      case .bzip2: archive_write_add_filter_bzip2(archive)
      case .xz: archive_write_add_filter_xz(archive)
      case .zstd: archive_write_add_filter_zstd(archive)
      }
    precondition(formatStatus == ARCHIVE_OK && filterStatus == ARCHIVE_OK)
    precondition(archive_write_open_filename(archive, path) == ARCHIVE_OK)
    for member in members { add(member, to: archive) }
    precondition(archive_write_close(archive) == ARCHIVE_OK)
  }

  private static func add(_ member: Member, to archive: OpaquePointer?) {
    let entry = archive_entry_new()
    defer { archive_entry_free(entry) }
    archive_entry_set_pathname(entry, member.name)
    archive_entry_set_perm(entry, 0o644)
    switch member.kind {
    case .file: archive_entry_set_filetype(entry, S_IFREG)
    case .folder: archive_entry_set_filetype(entry, S_IFDIR)
    case .symbolicLink:
      archive_entry_set_filetype(entry, S_IFLNK)
      archive_entry_set_symlink(entry, "/etc/passwd")
    case .hardLink:
      archive_entry_set_filetype(entry, S_IFREG)
      archive_entry_set_hardlink(entry, "a/0.png")
    case .device: archive_entry_set_filetype(entry, S_IFCHR)
    }
    archive_entry_set_size(entry, Int64(member.bytes.count))
    precondition(archive_write_header(archive, entry) >= ARCHIVE_WARN, "\(member.name) was not written")
    if !member.bytes.isEmpty { precondition(archive_write_data(archive, member.bytes, member.bytes.count) == member.bytes.count) }
  }
}
