/// Why a key file cannot be read or written.
package struct KeyFileError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
