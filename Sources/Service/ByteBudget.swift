import Synchronization

/// How many bytes of request bodies may be in memory at once.
final class ByteBudget: Sendable {
  let limit: Int
  private let taken = Mutex(0)

  init(_ limit: Int) { self.limit = limit }

  /// Bytes in memory.
  var byteCount: Int { taken.withLock { $0 } }

  /// Takes `bytes` where they fit; always where nothing else is taken, so that no limit refuses a request for ever.
  fileprivate func take(_ bytes: Int, beside own: Int) -> Bool {
    taken.withLock { taken in
      guard taken == own || bytes <= limit - taken else { return false }
      taken += bytes
      return true
    }
  }

  fileprivate func give(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}

/// What one request has taken of a ``ByteBudget``; given back with its last reference.
final class ByteReservation: Sendable {
  private let budget: ByteBudget
  private let bytes = Mutex(0)

  init(of budget: ByteBudget) { self.budget = budget }

  deinit { budget.give(bytes.withLock { $0 }) }

  /// Takes as many bytes more.
  ///
  /// - Throws: ``Problem``, where other requests' bytes leave no room.
  func grow(by count: Int, retryAfter: Double) throws(Problem) {
    let fits = bytes.withLock { bytes in
      guard budget.take(count, beside: bytes) else { return false }
      bytes += count
      return true
    }
    guard fits else {
      throw Problem(
        .queueFull, "Too many bytes of requests are in memory: --max-buffered-bytes allows \(budget.limit).",
        retryAfter: Problem.wholeSeconds(retryAfter))
    }
  }
}
