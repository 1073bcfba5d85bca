/// Which program this is.
package enum ProgramVersion {
  /// Of semantic versioning.
  package static let text = "0.1.0"
}
