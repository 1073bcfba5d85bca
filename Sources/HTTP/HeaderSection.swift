/// The count of a header or trailer section's octets and fields against their limits.
struct HeaderSection {
  private let limits: HTTPLimits
  private var octets = 0
  private var fields = 0

  init(limits: HTTPLimits) { self.limits = limits }

  /// The section's next line, empty at its end; `nil` where it has not arrived.
  mutating func line(from input: inout LineBuffer) throws(ProtocolError) -> ArraySlice<UInt8>? {
    switch try input.line(atMost: max(0, limits.headerBytes - octets)) {
    case .none: return nil
    case .tooLong:
      throw ProtocolError(
        .fieldsTooLarge(limit: limits.headerBytes), "the header fields are longer than the \(limits.headerBytes) octets allowed; send fewer"
      )
    case .line(let line):
      guard !line.isEmpty else { return line }
      octets += line.count + 2
      fields += 1
      guard fields <= limits.headerFields else {
        throw ProtocolError(
          .tooManyFields(limit: limits.headerFields), "there are more than the \(limits.headerFields) header fields allowed; send fewer")
      }
      return line
    }
  }
}
