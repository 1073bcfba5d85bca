import HTTPTypes

/// How a response's end is told.
enum ResponseFraming: Equatable {
  /// No octet follows the head.
  case none
  /// This many octets are left.
  case counted(Int)
  case chunked
  /// Until the connection closes (HTTP/1.0).
  case untilClose
}

extension ConnectionState {
  /// The handler's (or the refusal's) answer to the request at hand.
  mutating func respond(_ response: Response, requestIdentifier: String, date: String, now: Duration) -> [Action] {
    guard case .exchange(var exchange) = phase, exchange.answer == .awaited else { return [] }
    let framing = Self.framing(of: response, for: exchange.head)
    decideBody(&exchange, response: response, framing: framing)
    let wasPaused = isBodyPaused
    if wasPaused { bodyHasRoom(now: now) }
    let writer = ResponseWriter(
      requestIdentifier: requestIdentifier, date: date, persistence: exchange.persistence, version: exchange.head?.version ?? .http11)
    var bytes = writer.head(response, framing: framing, method: exchange.head?.request.method)
    var actions: [Action] = []
    switch response.body {
    case .stream where framing != .none:
      exchange.answer = .streaming(framing)
      actions = [.send(bytes), .pull]
    case .bytes(let body) where framing != .none:
      exchange.answer = .complete
      actions = ResponseWriter.join(&bytes, body).map(Action.send)
    default:
      exchange.answer = .complete
      actions = [.send(bytes)]
    }
    phase = .exchange(exchange)
    return actions + finishExchange(now: now) + pump(now: now)
  }

  /// The next octets of a streamed response.
  mutating func respond(chunk: [UInt8]) -> [Action] {
    guard case .exchange(var exchange) = phase, case .streaming(let framing) = exchange.answer, !chunk.isEmpty else { return [] }
    switch framing {
    case .none: return []
    case .untilClose: return [.send(chunk)]
    case .chunked: return [.send(ResponseWriter.chunk(chunk))]
    case .counted(let left):
      guard chunk.count <= left else { return close(.abort) }
      exchange.answer = .streaming(.counted(left - chunk.count))
      phase = .exchange(exchange)
      return [.send(chunk)]
    }
  }

  /// The streamed response is complete.
  mutating func finishResponse(now: Duration) -> [Action] {
    guard case .exchange(var exchange) = phase, case .streaming(let framing) = exchange.answer else { return [] }
    var actions: [Action] = []
    switch framing {
    case .none, .untilClose, .counted(0): break
    case .counted: return close(.abort)
    case .chunked: actions = [.send(ResponseWriter.lastChunk)]
    }
    exchange.answer = .complete
    phase = .exchange(exchange)
    return actions + finishExchange(now: now) + pump(now: now)
  }

  private static func framing(of response: Response, for head: RequestHead?) -> ResponseFraming {
    if head?.request.method == .head || ResponseWriter.isBodiless(response.head.status) { return .none }
    switch response.body {
    case .empty: return .counted(0)
    case .bytes(let bytes): return .counted(bytes.count)
    case .stream:
      if let declared = response.head.headerFields[.contentLength].flatMap({ Int($0) }), declared >= 0 { return .counted(declared) }
      return head?.version == .http10 ? .untilClose : .chunked
    }
  }

  /// What becomes of a body that the handler has not waited for, and whether the connection can be kept.
  private func decideBody(_ exchange: inout Exchange, response: Response, framing: ResponseFraming) {
    if framing == .untilClose || isDraining || ResponseWriter.asksToClose(response.head) { exchange.persistence = .close }
    guard exchange.body == .arriving else { return }
    let rest =
      switch exchange.head?.framing {
      case .counted(let length): length - exchange.bodyOctets
      default: 0
      }
    if exchange.expectation == .continue100 || rest > limits.skippedBodyBytes || exchange.persistence == .close {
      (exchange.body, exchange.persistence) = (.failed, .close)
    } else {
      exchange.body = .skipped(budget: limits.skippedBodyBytes)
    }
  }
}
