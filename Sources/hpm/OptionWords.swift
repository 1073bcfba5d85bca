import ArgumentParser

/// The words of a command line told apart: options with their values, and what stands for itself.
///
/// For commands whose options are declared elsewhere (as query parameters, or as the service's configuration).
struct OptionWords {
  /// Values by flag, without the leading dashes.
  private(set) var values: [String: String] = [:]
  private(set) var operands: [String] = []

  /// - Parameters:
  ///   - flags: Options that take a value, with their dashes.
  ///   - switches: Options without one.
  init(_ words: [String], flags: some Sequence<String>, switches: Set<String> = []) throws {
    let known = Set(flags)
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--"), word.count > 2 else {
        operands.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      if switches.contains(word) {
        values[String(word.dropFirst(2))] = "true"
        continue
      }
      guard known.contains(parts[0]) else {
        throw ValidationError("There is no option \(parts[0]) here; --help lists those there are.")
      }
      guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else { throw ValidationError("\(word) needs a value.") }
      guard values.updateValue(value, forKey: String(parts[0].dropFirst(2))) == nil else {
        throw ValidationError("\(parts[0]) is given more than once.")
      }
    }
  }
}
