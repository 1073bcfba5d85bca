/// Why no images can be had from a folder, list or archive, or one of them cannot be read.
package enum ImageSetError: Error, Hashable, CustomStringConvertible {
  /// A file or folder that the system does not let us read.
  case unreadable(path: String, reason: String)
  /// A kind of source that is not to be opened here.
  case sourceNotAccepted(path: String, found: ImageSource, accepted: Set<ImageSource>)
  /// Nothing usable was found; what was passed over.
  case noImages(path: String, ignored: IgnoredFiles)
  /// An archive that libarchive cannot read to its end, in its words.
  case brokenArchive(path: String, reason: String)
  /// The images of a compressed archive need more disk than allowed.
  case spoolLimit(path: String, limit: Int)
  /// The images of a compressed archive could not be written to disk.
  case spoolFailed(path: String, reason: String)
  /// A list's line that cannot be followed; lines count from 1.
  case badLine(path: String, line: Int, problem: String)
  /// An image larger than allowed.
  case imageTooLarge(name: String, byteCount: Int, limit: Int)
  /// The file or archive became shorter after it was opened.
  case truncated(path: String)
  /// A class that the set to be matched does not know.
  case unknownClass(String, known: Int)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
    case .sourceNotAccepted(let path, let found, let accepted):
      "\(path) is no \(accepted.map(\.rawValue).sorted().joined(separator: " or ")) but a \(found.rawValue), which is not accepted here"
    case .noImages(let path, let ignored):
      "\(path) holds no image whose name ends in \(ImagePath.endings.joined(separator: ", ")); passed over: \(ignored)"
    case .brokenArchive(let path, let reason): "the archive \(path) is broken: \(reason)"
    case .spoolLimit(let path, let limit):
      "the images of the compressed archive \(path) need more than the \(limit) bytes of disk allowed; unpack it, or raise the limit"
    case .spoolFailed(let path, let reason): "the images of the compressed archive were not written to \(path): \(reason)"
    case .badLine(let path, let line, let problem): "line \(line) of the list \(path): \(problem)"
    case .imageTooLarge(let name, let byteCount, let limit): "\(name) has \(byteCount) bytes, but \(limit) are allowed"
    case .truncated(let path): "\(path) became shorter after it was opened"
    case .unknownClass(let name, let known): "the class \(name) is none of the \(known) classes of the other set"
    }
  }
}
