/// The moments from which a connection's deadlines count, as time since the server's start.
struct ConnectionClocks {
  /// When the client came, or its handshake was complete.
  var accepted: Duration
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
  /// When the client ended its side, or was last asked whether it still reads.
  var inputEnded: Duration?

  init(accepted: Duration) {
    self.accepted = accepted
    lastArrival = accepted
    bodyStarted = accepted
  }
}

/// The end of the server's patience with a client.
struct ClientDeadline: Equatable {
  enum Cause: Equatable {
    /// The client takes nothing of the response.
    case output
    /// The client goes on sending after the last response.
    case lingering
    case handshake
    case head
    case idle
    /// Nothing more of the body came.
    case body
    /// The body comes too slowly.
    case bodyRate
    /// The client has ended its side and may be gone.
    case presence
  }

  let cause: Cause
  let moment: Duration
}

extension ConnectionState {
  /// Some output was taken by the system; `pending` octets wait.
  mutating func outputMoved(pending: Int, now: Duration) {
    clocks.outputBlockedSince = pending > 0 ? now : nil
    if pending == 0, case .lingering = phase, clocks.lingeringSince == nil { clocks.lingeringSince = now }
  }

  /// The TLS handshake is complete: the client has the usual time for its first request.
  mutating func secured(now: Duration) {
    guard isSecuring else { return }
    (isSecuring, clocks.accepted) = (false, now)
  }

  /// When ``timePassed(now:)`` has something to do if nothing happens before; `nil` where it waits for the server alone.
  var deadline: ClientDeadline? {
    let output = clocks.outputBlockedSince.map { ClientDeadline(cause: .output, moment: $0 + timeouts.write) }
    guard let input = inputDeadline else { return output }
    guard let output, output.moment <= input.moment else { return input }
    return output
  }

  private var inputDeadline: ClientDeadline? {
    switch phase {
    case .closed: nil
    case .lingering: clocks.lingeringSince.map { ClientDeadline(cause: .lingering, moment: $0 + timeouts.lingering) }
    // Idle is who has taken all of the last answer.
    case .idle: clocks.outputBlockedSince == nil ? idleDeadline : nil
    case .exchange(let exchange): bodyDeadline(exchange)
    }
  }

  private var idleDeadline: ClientDeadline {
    if isSecuring { return ClientDeadline(cause: .handshake, moment: clocks.accepted + timeouts.handshake) }
    if let started = clocks.headStarted { return ClientDeadline(cause: .head, moment: started + timeouts.header) }
    if let since = clocks.idleSince { return ClientDeadline(cause: .idle, moment: since + timeouts.idle) }
    return ClientDeadline(cause: .idle, moment: clocks.accepted + timeouts.header)
  }

  private func bodyDeadline(_ exchange: Exchange) -> ClientDeadline? {
    switch exchange.body {
    case .complete, .failed: return presenceDeadline(exchange)
    case .arriving where isBodyPaused || exchange.expectation == .continue100: return nil
    case .arriving, .skipped:
      let pause = ClientDeadline(cause: .body, moment: clocks.lastArrival + timeouts.body)
      guard timeouts.minimumBodyRate > 0 else { return pause }
      let earned = max(timeouts.bodyGrace, .seconds(exchange.bodyOctets) / timeouts.minimumBodyRate)
      let rate = ClientDeadline(cause: .bodyRate, moment: clocks.bodyStarted + earned)
      return rate.moment < pause.moment ? rate : pause
    }
  }

  private func presenceDeadline(_ exchange: Exchange) -> ClientDeadline? {
    guard halfClose == .ask, let ended = clocks.inputEnded else { return nil }
    guard exchange.answer == .awaited, exchange.head?.version == .http11 else { return nil }
    return ClientDeadline(cause: .presence, moment: ended + timeouts.halfClose)
  }

  /// Asks the client by an interim response, once; later looks at what its system has said to that.
  private mutating func askForPresence(now: Duration) -> [Action] {
    guard case .exchange(var exchange) = phase else { return [] }
    clocks.inputEnded = now
    guard !exchange.isAsked else { return [.checkClient] }
    exchange.isAsked = true
    phase = .exchange(exchange)
    return [.send(ResponseWriter.continueResponse)]
  }

  /// Time has passed: ends what has taken too long.
  mutating func timePassed(now: Duration) -> [Action] {
    guard let deadline, now >= deadline.moment else { return [] }
    switch deadline.cause {
    // A connection that closes once all is written does not wait for that for ever.
    case .output: return isClosed ? [.abort] : close(.abort)
    case .lingering: return close(.abort)
    case .handshake, .idle: return close(.close)
    case .presence: return askForPresence(now: now)
    case .head: return refuse(Self.timeOut("the request's head did not arrive within \(timeouts.header); send it at once"), now: now)
    case .body:
      let refusal = Self.timeOut("no more of the request's body arrived for \(timeouts.body); send it without pauses")
      return failBody(.incomplete, refusal: refusal, now: now)
    case .bodyRate:
      let refusal = Self.timeOut("the request's body arrives more slowly than \(timeouts.minimumBodyRate) bytes a second")
      return failBody(.incomplete, refusal: refusal, now: now)
    }
  }

  private static func timeOut(_ detail: String) -> ProtocolError { ProtocolError(.timeOut, detail) }
}
