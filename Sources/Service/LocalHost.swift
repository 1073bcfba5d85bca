/// Names and addresses of this machine that no other machine reaches.
enum LocalHost {
  /// Whether listening on `address` admits only this machine: 127.0.0.0/8 and ::1 (RFC 6890 §2.2), and `localhost` (RFC 6761 §6.3).
  static func isLoopback(address: String) -> Bool {
    if ["localhost", "::1", "[::1]"].contains(address.lowercased()) { return true }
    let parts = address.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { Numeral.integer($0, in: 0...255) != nil }
  }

  /// Whether a `Host` is `localhost`, `127.0.0.1` or `[::1]`, with any port: a browser then has not looked up anybody's name.
  static func isLocal(authority: String) -> Bool {
    let text = authority.lowercased()
    return ["localhost", "127.0.0.1", "[::1]"].contains { name in
      guard text.hasPrefix(name) else { return false }
      let rest = text.dropFirst(name.count)
      return rest.isEmpty
        || (rest.first == ":" && rest.dropFirst().utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    }
  }
}
