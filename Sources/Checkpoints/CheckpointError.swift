/// Why a checkpoint file cannot be used: a sentence that says what is wrong, where, and where possible what to do.
package struct CheckpointError: Error, Equatable, CustomStringConvertible {
  /// The file, as it was named.
  package let path: String
  /// What is wrong with it.
  package let reason: String
  /// The system's number of the error, where it refused to write.
  package let number: Int32?

  package init(path: String, reason: String, number: Int32? = nil) {
    self.path = path
    self.reason = reason
    self.number = number
  }

  package var description: String { "\(path): \(reason)" }
}

/// Everything that is wrong, in one line; a file that is wrong everywhere is not described without end.
func listed(_ problems: [String], separator: String = "; ") -> String {
  let most = 500
  let rest = problems.count > most ? ["and \(problems.count - most) more"] : []
  return (problems.prefix(most) + rest).joined(separator: separator)
}

/// What is wrong with a file, before its name is known.
package struct FormatError: Error {
  package let reason: String
  /// The system's number of the error, where it refused to write.
  package let number: Int32?

  init(_ reason: String, number: Int32? = nil) {
    self.reason = reason
    self.number = number
  }
}
