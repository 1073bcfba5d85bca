/// Why a run directory, or a file in it, cannot be used: a sentence that says what, where, and where possible what to do.
package struct RunError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What a program that reads of the error tells apart.
  package enum Cause: String, Sendable {
    /// The loss or the gradient stopped being a number.
    case nonFinite = "non_finite"
    /// The disk is full.
    case noRoom = "no_room"
  }

  /// The file or folder, as it was named.
  package let path: String
  /// What is wrong with it.
  package let reason: String

  package let cause: Cause?

  package init(path: String, reason: String, cause: Cause? = nil) {
    self.path = path
    self.reason = reason
    self.cause = cause
  }

  package var description: String { "\(path): \(reason)" }
}
