/// Where weights come from, by the names of the published checkpoints: a checkpoint file, or a dictionary in a test.
package protocol ParameterSource {
  /// Whether there is a parameter of that name.
  func hasParameter(_ name: String) -> Bool

  /// Reads all elements of a parameter, in row-major order, as float32. Throws where it is missing, of another size, or unreadable.
  func readParameter(_ name: String, into destination: inout MutableSpan<Float>) throws
}
