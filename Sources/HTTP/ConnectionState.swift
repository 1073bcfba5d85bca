import HTTPTypes

/// What a connection is doing, and what it must do next: events in, actions out, no input or output (RFC 9112 §9).
struct ConnectionState {
  enum Action: Equatable {
    /// Call the handler.
    case handle(RequestHead)
    /// Hand these bytes of the body to the handler.
    case deliver([UInt8])
    case finishBody
    case failBody(RequestBodyError)
    /// Render this refusal and call ``ConnectionState/respond(_:date:now:)`` with it. A running handler is cancelled, its answer dropped.
    case refuse(ProtocolError)
    case send([UInt8])
    /// Start asking the response's stream.
    case pull
    /// See whether the socket has failed.
    case checkClient
    /// Cancel the handler; nobody reads its answer.
    case cancelHandler
    /// End the output once what was sent before is written.
    case shutdownWriting
    /// Close once what was sent before is written.
    case close
    /// Close now.
    case abort
  }

  enum Phase: Equatable {
    case idle
    case exchange(Exchange)
    /// Everything is answered; input is thrown away until the client closes.
    case lingering(octets: Int)
    case closed
  }

  /// One request and its response.
  struct Exchange: Equatable {
    enum Body: Equatable {
      case arriving
      /// The handler has answered without it; this many octets are thrown away at most.
      case skipped(budget: Int)
      case complete
      /// Its framing broke or it stopped arriving.
      case failed
    }

    enum Answer: Equatable {
      case awaited
      case streaming(ResponseFraming)
      case complete
    }

    var head: RequestHead?
    var body: Body
    var bodyOctets = 0
    var answer = Answer.awaited
    var expectation = RequestHead.Expectation.none
    var persistence = RequestHead.Persistence.close
    var requestIdentifier: String?
    /// Whether the client was asked if it still reads.
    var isAsked = false
  }

  enum Input: Equatable {
    case open
    case ended
  }

  let limits: HTTPLimits
  let timeouts: HTTPTimeouts
  let halfClose: HalfClosePolicy
  var parser: RequestParser
  var phase = Phase.idle
  var input = Input.open
  var isBodyPaused = false
  var isDraining = false
  /// Whether a TLS handshake is still to come.
  var isSecuring: Bool
  var clocks: ConnectionClocks

  init(configuration: ServerConfiguration, now: Duration) {
    limits = configuration.limits
    timeouts = configuration.timeouts
    halfClose = configuration.halfClose
    let maximum = configuration.limits.maximumRequestBytes
    let bodyLimit = configuration.bodyLimit
    parser = RequestParser(limits: configuration.limits) { bodyLimit?($0) ?? maximum }
    isSecuring = configuration.tls != nil
    clocks = ConnectionClocks(accepted: now)
  }

  var isClosed: Bool { if case .closed = phase { true } else { false } }

  var isIdle: Bool { if case .idle = phase { true } else { false } }

  /// Whether what is being answered is a request whose head was read.
  var hasHead: Bool { if case .exchange(let exchange) = phase { exchange.head != nil } else { false } }

  /// Whether the socket should be read.
  var wantsInput: Bool {
    guard input == .open else { return false }
    switch phase {
    case .idle, .lingering: return true
    case .closed: return false
    case .exchange(let exchange):
      switch exchange.body {
      case .arriving: return !isBodyPaused
      case .skipped: return true
      case .complete, .failed: return parser.buffered < limits.bufferedPipelineBytes
      }
    }
  }

  /// Bytes have arrived.
  mutating func received(_ bytes: [UInt8], now: Duration) -> [Action] {
    clocks.lastArrival = now
    switch phase {
    case .closed: return []
    case .lingering(let octets):
      guard octets + bytes.count <= limits.lingeringBytes else { return close(.abort) }
      phase = .lingering(octets: octets + bytes.count)
      return []
    case .idle, .exchange:
      if case .idle = phase, clocks.headStarted == nil { clocks.headStarted = now }
      parser.append(bytes)
      return pump(now: now)
    }
  }

  /// The client has ended its side, by a close or a half-close.
  mutating func receivedEnd(now: Duration) -> [Action] {
    input = .ended
    clocks.inputEnded = now
    switch phase {
    case .closed: return []
    case .idle, .lingering: return close(.close)
    case .exchange(let exchange):
      if exchange.body == .arriving { return failBody(.incomplete, refusal: Self.endedEarly, now: now) }
      if case .skipped = exchange.body { return failBody(.incomplete, refusal: Self.endedEarly, now: now) }
      return halfClose == .cancel && exchange.answer != .complete ? [.cancelHandler] : []
    }
  }

  private static let endedEarly = ProtocolError.malformed("the request's body ended before its declared end")

  /// The handler waits for the body's first bytes: the head is accepted, so the client may send (RFC 9110 §10.1.1).
  mutating func bodyWanted(now: Duration) -> [Action] {
    guard case .exchange(var exchange) = phase, exchange.expectation == .continue100, exchange.answer == .awaited else { return [] }
    exchange.expectation = .none
    phase = .exchange(exchange)
    (clocks.lastArrival, clocks.bodyStarted) = (now, now)
    return [.send(ResponseWriter.continueResponse)]
  }

  /// The handler is behind with the body: read no further.
  mutating func bodyIsFull(now: Duration) {
    guard !isBodyPaused else { return }
    (isBodyPaused, clocks.bodyPausedSince) = (true, now)
  }

  /// The handler has read enough for more to come.
  mutating func bodyHasRoom(now: Duration) {
    if let since = clocks.bodyPausedSince { clocks.bodyStarted += now - since }
    (isBodyPaused, clocks.bodyPausedSince) = (false, nil)
    clocks.lastArrival = now
  }

  /// The server is stopping: finish what has begun, then close.
  mutating func drain() -> [Action] {
    isDraining = true
    guard phase == .idle, parser.isBetweenRequests else { return [] }
    return close(.close)
  }

  /// What the client sends is no TLS any more: says so, as far as TLS can, and reads on until it has heard.
  mutating func breakOff() -> [Action] {
    guard case .idle = phase else { return close(.abort) }
    return linger()
  }

  /// The socket failed, or the server's patience has ended.
  mutating func fail() -> [Action] { close(.abort) }

  /// Turns parsed events into actions until more bytes, or an answer, are needed.
  mutating func pump(now: Duration) -> [Action] {
    var actions: [Action] = []
    while needsEvents {
      do throws(ProtocolError) {
        guard let event = try parser.next() else { break }
        actions += handle(event, now: now)
      } catch {
        actions += refuse(error, now: now)
      }
    }
    if phase == .idle, input == .ended { actions += close(.close) }
    return actions
  }

  private var needsEvents: Bool {
    switch phase {
    case .idle: return true
    case .lingering, .closed: return false
    case .exchange(let exchange):
      switch exchange.body {
      case .arriving, .skipped: return true
      case .complete, .failed: return false
      }
    }
  }

  private mutating func handle(_ event: RequestParser.Event, now: Duration) -> [Action] {
    switch event {
    case .head(let head):
      phase = .exchange(Exchange(head: head, body: .arriving, expectation: head.expectation, persistence: head.persistence))
      (isBodyPaused, clocks.bodyPausedSince, clocks.headStarted, clocks.bodyStarted) = (false, nil, nil, now)
      return [.handle(head)]
    case .body(let bytes): return bodyArrived(bytes)
    case .end:
      guard case .exchange(var exchange) = phase else { return [] }
      let wasArriving = exchange.body == .arriving
      exchange.body = .complete
      phase = .exchange(exchange)
      return (wasArriving ? [.finishBody] : []) + finishExchange(now: now)
    }
  }

  private mutating func bodyArrived(_ bytes: [UInt8]) -> [Action] {
    guard case .exchange(var exchange) = phase else { return [] }
    exchange.bodyOctets += bytes.count
    exchange.expectation = .none
    defer { if case .exchange = phase { phase = .exchange(exchange) } }
    guard case .skipped(let budget) = exchange.body else { return [.deliver(bytes)] }
    guard bytes.count <= budget else {
      (exchange.body, exchange.persistence) = (.failed, .close)
      phase = .exchange(exchange)
      return exchange.answer == .complete ? linger() : []
    }
    exchange.body = .skipped(budget: budget - bytes.count)
    return []
  }

  /// Answers a request whose framing is broken, or that is over a limit.
  mutating func refuse(_ error: ProtocolError, now: Duration) -> [Action] {
    guard case .exchange = phase else {
      phase = .exchange(Exchange(head: nil, body: .failed))
      clocks.headStarted = nil
      return [.refuse(error)]
    }
    let bodyError: RequestBodyError =
      if case .bodyTooLarge(let limit) = error.reason { .tooLarge(limit) } else { .malformed(error.detail) }
    return failBody(bodyError, refusal: error, now: now)
  }

  /// The body will never be whole. If nothing is answered yet, the answer is the refusal.
  mutating func failBody(_ error: RequestBodyError, refusal: ProtocolError, now: Duration) -> [Action] {
    guard case .exchange(var exchange) = phase else { return [] }
    let wasArriving = exchange.body == .arriving
    (exchange.body, exchange.persistence) = (.failed, .close)
    phase = .exchange(exchange)
    let actions: [Action] = wasArriving ? [.failBody(error)] : []
    return exchange.answer == .awaited ? actions + [.refuse(refusal)] : actions + finishExchange(now: now)
  }

  /// Goes on to the next request, or to the end, once both sides of this one are complete.
  mutating func finishExchange(now: Duration) -> [Action] {
    guard case .exchange(let exchange) = phase, exchange.answer == .complete else { return [] }
    switch exchange.body {
    case .arriving, .skipped: return []
    case .failed: return linger()
    case .complete: break
    }
    guard exchange.persistence == .keep else { return linger() }
    phase = .idle
    clocks.idleSince = now
    if clocks.inputEnded != nil { clocks.inputEnded = now }
    clocks.headStarted = parser.isBetweenRequests ? nil : now
    return isDraining && parser.isBetweenRequests ? close(.close) : []
  }

  /// Ends the output and reads on for a while, so that the client reads the answer instead of a reset (RFC 9112 §9.6).
  mutating func linger() -> [Action] {
    guard input == .open else { return close(.close) }
    phase = .lingering(octets: 0)
    return [.shutdownWriting]
  }

  mutating func close(_ action: Action) -> [Action] {
    guard phase != .closed else { return [] }
    var actions: [Action] = []
    if case .exchange(let exchange) = phase {
      if exchange.body == .arriving { actions.append(.failBody(.incomplete)) }
      if exchange.answer != .complete { actions.append(.cancelHandler) }
    }
    phase = .closed
    return actions + [action]
  }
}
