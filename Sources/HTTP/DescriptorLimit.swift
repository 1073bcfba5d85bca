import Glibc

/// How many connections the process may have open (getrlimit(2)).
enum DescriptorLimit {
  /// Descriptors left to the rest of the process: models, images, stores, logs.
  private static let reserve = 256

  /// The connections that fit, `wanted` at most, after the soft limit was raised towards `wanted` as far as the hard limit lets it.
  static func connections(upTo wanted: Int) -> Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return wanted }
    let needed = rlim_t(wanted.saturatingAdd(reserve))
    if limit.rlim_cur < needed, limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = min(needed, limit.rlim_max)
      if setrlimit(resource, &raised) == 0 { limit = raised }
    }
    // Where not even the reserve is there, one connection in two descriptors is better than none.
    let current = Int(clamping: limit.rlim_cur)
    return min(wanted, max(current - reserve, current / 2))
  }
}
