/// Why a request was turned away or given up, as `hpm_rejected_total` counts it.
package enum RejectionReason: String, Sendable, CaseIterable {
  case queueFull = "queue_full"
  case deadline
  /// The client left before its work was begun or done.
  case clientGone = "client_gone"
  case loading
  case draining
  case noModel = "no_model"
  /// No key, or one that is not valid.
  case key
  /// A key, or a place, without the right.
  case right
  /// A key's requests a minute.
  case rate

  /// The reason that an answer's problem stands for; `nil` for a problem of the request's own making.
  init?(_ kind: ProblemKind) {
    switch kind {
    case .queueFull: self = .queueFull
    case .deadline: self = .deadline
    case .abandoned: self = .clientGone
    case .loading: self = .loading
    case .draining: self = .draining
    case .noModel: self = .noModel
    case .keyNeeded, .unknownKey: self = .key
    case .rightNeeded, .localWritesOnly: self = .right
    case .keyRateExceeded: self = .rate
    default: return nil
    }
  }
}
