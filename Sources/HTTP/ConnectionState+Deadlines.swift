/// The moments from which a connection's deadlines count, as time since the server's start.
struct ConnectionClocks {

  let accepted: Duration
  /// When the present request's head began to arrive.
  var headStarted: Duration?
  /// When the last exchange ended; `nil` before the first has.
  var idleSince: Duration?
  var lastArrival: Duration
  /// When the server began to wait for the body, later by the time that it did not read.
  var bodyStarted: Duration
  var bodyPausedSince: Duration?
  /// When output last moved while there is some left.
  var outputBlockedSince: Duration?
  var lingeringSince: Duration?

  init(accepted: Duration) {
    self.accepted = accepted
    lastArrival = accepted
    bodyStarted = accepted
  }
}

extension ConnectionState {
  /// Some output was taken by the system; `pending` octets wait.
  mutating func outputMoved(pending: Int, now: Duration) {
    clocks.outputBlockedSince = pending > 0 ? now : nil
    if pending == 0, case .lingering = phase, clocks.lingeringSince == nil { clocks.lingeringSince = now }
  }

  /// Time has passed: ends what has taken too long.
  mutating func timePassed(now: Duration) -> [Action] {
    if let since = clocks.outputBlockedSince, now - since >= timeouts.write { return close(.abort) }
    switch phase {
    case .closed: return []
    case .lingering:
      guard let since = clocks.lingeringSince, now - since >= timeouts.lingering else { return [] }
      return close(.abort)
    case .idle: return idleTimePassed(now: now)
    case .exchange(let exchange): return bodyTimePassed(exchange, now: now)
    }
  }

  private mutating func idleTimePassed(now: Duration) -> [Action] {
    if let started = clocks.headStarted {
      guard now - started >= timeouts.header else { return [] }
      phase = .exchange(Exchange(head: nil, body: .failed))
      clocks.headStarted = nil
      return [.refuse(ProtocolError(.timeOut, "the request's head did not arrive within \(timeouts.header); send it at once"))]
    }
    let isOver = clocks.idleSince.map { now - $0 >= timeouts.idle } ?? (now - clocks.accepted >= timeouts.header)
    return isOver ? close(.close) : []
  }

  private mutating func bodyTimePassed(_ exchange: Exchange, now: Duration) -> [Action] {
    switch exchange.body {
    case .complete, .failed: return []
    case .arriving where isBodyPaused || exchange.expectation == .continue100: return []
    case .arriving, .skipped:
      if now - clocks.lastArrival >= timeouts.body {
        let refusal = ProtocolError(.timeOut, "no more of the request's body arrived for \(timeouts.body); send it without pauses")
        return failBody(.incomplete, refusal: refusal, now: now)
      }
      let waited = now - clocks.bodyStarted
      guard waited > timeouts.bodyGrace, waited * timeouts.minimumBodyRate > .seconds(exchange.bodyOctets) else { return [] }
      let refusal = ProtocolError(.timeOut, "the request's body arrives more slowly than \(timeouts.minimumBodyRate) bytes a second")
      return failBody(.incomplete, refusal: refusal, now: now)
    }
  }
}
