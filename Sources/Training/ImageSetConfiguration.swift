/// What may be opened as a set of images, and what that may spend.
package struct ImageSetConfiguration: Hashable, Sendable {
  /// What is opened; the rest is refused.
  package var sources: Set<ImageSource>
  /// Bytes of one image's file.
  package var maximumImageBytes: Int
  /// Where the images of a compressed archive are laid out, in a file without a name that vanishes with the process.
  package var spoolFolder: String
  /// Bytes of disk such a file may take.
  package var maximumSpoolBytes: Int

  package init(
    sources: Set<ImageSource> = Set(ImageSource.allCases), maximumImageBytes: Int = 256 << 20, spoolFolder: String = "/var/tmp",
    maximumSpoolBytes: Int = 256 << 30
  ) {
    self.sources = sources
    self.maximumImageBytes = maximumImageBytes
    self.spoolFolder = spoolFolder
    self.maximumSpoolBytes = maximumSpoolBytes
  }
}
