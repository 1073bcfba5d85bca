/// Why a checkpoint file cannot be used: a sentence that says what is wrong, where, and where possible what to do.
package struct CheckpointError: Error, Equatable, CustomStringConvertible {
  /// The file, as it was named.
  package let path: String
  /// What is wrong with it.
  package let reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  package var description: String { "\(path): \(reason)" }
}

/// What is wrong with a file, before its name is known.
struct FormatError: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
