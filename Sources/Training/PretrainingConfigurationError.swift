/// All that is wrong with a configuration at once.
package struct PretrainingConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence a fault: which key, what was expected, what was found.
  package let faults: [String]

  package init(faults: [String]) { self.faults = faults }

  package var description: String {
    faults.count == 1
      ? "the configuration has a fault: \(faults[0])"
      : "the configuration has \(faults.count) faults: " + faults.map { "\n- \($0)" }.joined()
  }
}
