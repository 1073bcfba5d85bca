import Glibc

/// Why a data set cannot be taken.
package enum DatasetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The bytes are no archive of a kind that is taken.
  case unknownFormat
  /// The archive breaks off, or its own rules; a sentence.
  case damaged(String)
  /// A member that is not taken; a sentence.
  case hostile(String)
  /// A limit is passed; a sentence that names it.
  case tooLarge(String)
  /// There is nothing to learn from; a sentence.
  case unusable(String)
  /// The path is not one that the operator allowed.
  case forbidden(String)
  /// There is no room for it on the disk, or in what the home may take; a sentence without paths.
  case noRoom(String)
  /// The disk refuses; a sentence.
  case disk(String)

  package var description: String {
    switch self {
    case .unknownFormat: "The body is no tar, tar.gz or zip archive."
    case .damaged(let sentence), .hostile(let sentence), .tooLarge(let sentence), .unusable(let sentence), .forbidden(let sentence),
      .noRoom(let sentence), .disk(let sentence):
      sentence
    }
  }

  /// What the system refused.
  static func disk(_ path: String, cannot action: String, number: Int32) -> DatasetError {
    Disk.isFull(number) ? .noRoom(Disk.fullSentence) : .disk("\(path): cannot \(action): \(String(cString: strerror(number))).")
  }
}
