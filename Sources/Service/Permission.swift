/// What a request must bring to reach a route.
enum Permission: Sendable, Hashable {
  /// Nothing, ever: health, metrics, the page and what explains the service.
  case everyone
  /// Any key that is valid; without a key file nothing.
  case anyKey
  /// A key with this right, for what changes nothing; without a key file nothing.
  case reads(AccessRight)
  /// A key with this right, for what changes jobs, data sets or models; without a key file the request must come from this machine.
  case writes(AccessRight)

  /// The right that a key needs beyond being valid.
  var right: AccessRight? {
    switch self {
    case .everyone, .anyKey: nil
    case .reads(let right), .writes(let right): right
    }
  }
}
