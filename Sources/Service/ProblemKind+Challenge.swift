extension ProblemKind {
  /// The `WWW-Authenticate` of an answer that a key, or another one, would change (RFC 6750 §3).
  var challenge: String? {
    let scheme = "Bearer realm=\"hpm\""
    return switch self {
    case .keyNeeded: scheme
    case .unknownKey: scheme + ", error=\"invalid_token\""
    case .rightNeeded: scheme + ", error=\"insufficient_scope\""
    default: nil
    }
  }
}
