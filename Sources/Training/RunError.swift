/// Why a run directory, or a file in it, cannot be used: a sentence that says what, where, and where possible what to do.
package struct RunError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder, as it was named.
  package let path: String
  /// What is wrong with it.
  package let reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  package var description: String { "\(path): \(reason)" }
}
