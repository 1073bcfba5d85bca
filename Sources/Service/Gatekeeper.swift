import HTTP
import HTTPTypes

/// Decides whether a request may reach a route.
struct Gatekeeper: Sendable {
  /// `nil` for a service without keys.
  let keys: KeyRing?
  /// Whether nobody but this machine can reach the port.
  let listensOnLoopback: Bool

  init(keys: KeyRing?, host: String) {
    self.keys = keys
    listensOnLoopback = LocalHost.isLoopback(address: host)
  }

  /// Returns where the request may go on.
  ///
  /// - Throws: 401, 403 or 429 with what is missing.
  func admit(_ request: Request, _ permission: Permission) throws(Problem) {
    guard permission != .everyone else { return }
    guard let keys else { return try admitWithoutKey(request, permission) }
    let key = try keys.key(request.head.headerFields[.authorization])
    RequestContext.current?.identify(key: key.name)
    try keys.spend(key)
    guard let right = permission.right, !key.rights.contains(right) else { return }
    let rights = AccessRight.allCases.filter(key.rights.contains).map(\.rawValue).joined(separator: ", ")
    throw Problem(
      .rightNeeded, "This route needs the right \"\(right.rawValue)\", and the key \(key.name) has \(rights).", parameter: "Authorization",
      allowed: [right.rawValue])
  }

  private func admitWithoutKey(_ request: Request, _ permission: Permission) throws(Problem) {
    guard case .writes(let right) = permission, let reason = reasonAgainstWriting(request.head) else { return }
    throw Problem(
      .localWritesOnly,
      "Without keys only this machine may change anything here, and \(reason). Make a key with \"hpm keys add NAME --rights "
        + "\(right.rawValue) --keys FILE\" and start the server with --keys FILE.")
  }

  /// Why a request without a key may come from elsewhere: by way of the network, of a name that leads here, or of a page of another site.
  private func reasonAgainstWriting(_ head: HTTPRequest) -> String? {
    guard listensOnLoopback else { return "this server listens on an address that others reach too" }
    guard let authority = head.authority, LocalHost.isLocal(authority: authority) else {
      return "the request's Host is not localhost, 127.0.0.1 or [::1]"
    }
    if let origin = head.headerFields[.origin]?.lowercased() {
      let own = ["http", "https"].map { "\($0)://\(authority.lowercased())" }
      guard own.contains(origin) else { return "the request's Origin is another site" }
    }
    guard [nil, "same-origin", "none"].contains(head.headerFields[.fetchSite]) else {
      return "the request comes from a page of another site"
    }
    return nil
  }
}

extension HTTPField.Name {
  /// How the page that makes a request relates to the server (Fetch Metadata Request Headers §2.3).
  static let fetchSite = Self("Sec-Fetch-Site")!
}
