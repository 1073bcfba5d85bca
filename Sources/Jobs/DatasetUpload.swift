import Foundation

/// An archive on its way: kept beside the data sets until it is whole, gone with this value if it never is.
package final class DatasetUpload: @unchecked Sendable {  // one request writes it, piece after piece
  let name: String
  let path: String
  private let limits: ArchiveLimits
  private let descriptor: Int32
  private let identifier = UUID()
  private let promises: PromisedBytes
  private(set) var size = 0

  /// - Parameters:
  ///   - bytes: How many are to come, where that is known.
  ///   - promises: Where it is noted what the upload may take; it is forgotten with this value.
  init(
    _ name: String, in folder: String, expecting bytes: Int?, _ limits: ArchiveLimits, _ promises: PromisedBytes
  ) throws(DatasetError) {
    if let bytes { try Self.require(bytes, limits) }
    self.name = name
    self.limits = limits
    self.promises = promises
    path = "\(folder)/\(identifier.uuidString)"
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .disk(path, cannot: "make the file", number: errno) }
  }

  deinit {
    promises.end(identifier)
    guard descriptor >= 0 else { return }
    close(descriptor)
    discard()
  }

  /// Bytes that the archive and what is unpacked of it may take.
  var promised: Int {
    get { promises[identifier] }
    set { promises[identifier] = newValue }
  }

  /// Removes what arrived.
  func discard() { unlink(path) }

  private static func require(_ bytes: Int, _ limits: ArchiveLimits) throws(DatasetError) {
    guard bytes <= limits.archiveBytes else {
      throw .tooLarge("The archive is longer than the \(limits.archiveBytes) bytes that --max-dataset-bytes allows.")
    }
  }

  /// Appends bytes; blocks.
  ///
  /// - Throws: ``DatasetError/tooLarge(_:)``, ``DatasetError/disk(_:)``.
  package func append(_ bytes: [UInt8]) throws(DatasetError) {
    size += bytes.count
    try Self.require(size, limits)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .disk(path, cannot: "write the upload", number: errno) }
      done += count
    }
  }
}
