/// The trace that a request belongs to (W3C Trace Context §3.2): `00-TRACE-PARENT-FLAGS`.
struct TraceContext: Sendable, Hashable {
  /// 32 lower-case hexadecimal digits.
  let traceIdentifier: String
  /// Two hexadecimal digits, such as `01` for a trace that is recorded.
  let flags: String

  private static let version = "00"
  /// Digits of version, trace, parent and flags.
  private static let lengths = [2, 32, 16, 2]

  /// `nil` for a field that is not valid; such a field is ignored (§3.2.2.5). Of a later version the parts that are known count (§3.2.4).
  init?(_ field: String) {
    let parts = field.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= Self.lengths.count, parts[0] != "ff", parts.count == Self.lengths.count || parts[0] != Self.version,
      zip(parts, Self.lengths).allSatisfy({ $0.utf8.count == $1 && $0.utf8.allSatisfy(Self.isDigit) }),
      parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
    else { return nil }
    traceIdentifier = String(parts[1])
    flags = String(parts[3])
  }

  /// The field that names this server's own part of the trace as the parent.
  func child() -> String {
    let parent = String(UInt64.random(in: 1...UInt64.max), radix: 16)
    return "\(Self.version)-\(traceIdentifier)-\(String(repeating: "0", count: Self.lengths[2] - parent.count))\(parent)-\(flags)"
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
