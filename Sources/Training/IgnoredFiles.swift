/// How many files of a folder or archive were passed over, by reason.
package struct IgnoredFiles: Hashable, Sendable, CustomStringConvertible {
  /// Regular files whose name has no image's ending, or that are hidden.
  package var otherFiles = 0
  /// Members whose path is absolute, leads upwards, or is empty.
  package var hostileNames = 0
  /// Members that are links, devices, pipes or stored with holes.
  package var linksAndDevices = 0
  /// Members larger than one image may be.
  package var oversized = 0
  /// Members that a later one of the same name replaces.
  package var replaced = 0

  package var total: Int { otherFiles + hostileNames + linksAndDevices + oversized + replaced }

  package var description: String {
    let reasons = [
      (otherFiles, "other files"), (hostileNames, "unsafe names"), (linksAndDevices, "links and devices"), (oversized, "too large"),
      (replaced, "replaced by a later member"),
    ]
    let told = reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return told.isEmpty ? "nothing" : told.joined(separator: ", ")
  }
}
