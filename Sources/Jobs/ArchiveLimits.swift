/// How large an uploaded archive, and what comes out of it, may be.
package struct ArchiveLimits: Sendable, Hashable {
  /// Bytes of the archive.
  package var archiveBytes = 64 << 30
  /// Files and folders.
  package var members = 2_000_000
  /// Bytes of one file.
  package var memberBytes = 256 << 20
  /// Bytes of all files.
  package var unpackedBytes = 256 << 30
  /// Bytes that come out for each that goes in, once ``freeBytes`` have come out: images do not compress well.
  package var ratio = 20
  /// Bytes that may come out whatever the ratio.
  package var freeBytes = 64 << 20
  /// Folders within folders.
  package var depth = 32
  /// Bytes of a path.
  package var pathBytes = 1024

  package init() {}
}
