import HTTPTypes
import Testing

@testable import HTTP

@Suite struct ConnectionStateTests {
  private static let get = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

  private static func state(_ configuration: ServerConfiguration = ServerConfiguration()) -> ConnectionState {
    ConnectionState(configuration: configuration, now: .zero)
  }

  private static func isHandle(_ action: ConnectionState.Action) -> Bool {
    if case .handle = action { true } else { false }
  }

  private static func answer(_ state: inout ConnectionState, _ response: Response = Response(.ok), at now: Duration = .zero)
    -> [ConnectionState.Action]
  {
    state.respond(response, requestIdentifier: "id", date: "today", now: now)
  }

  private static func text(_ actions: [ConnectionState.Action]) -> String {
    actions.map { if case .send(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { "" } }.joined()
  }

  @Test func `the second of two pipelined requests waits for the first one's answer`() {
    var state = Self.state()
    #expect(state.received(Self.get + Self.get, now: .zero).count(where: Self.isHandle) == 1)
    #expect(Self.answer(&state).count(where: Self.isHandle) == 1)
  }

  @Test func `an answer is one piece of bytes with its framing`() {
    var state = Self.state()
    _ = state.received(Self.get, now: .zero)
    let actions = Self.answer(&state, Response(.ok, body: .bytes(Array("hi".utf8))))
    #expect(Self.text(actions) == "HTTP/1.1 200 OK\r\nDate: today\r\nX-Request-Id: id\r\nContent-Length: 2\r\n\r\nhi")
  }

  @Test func `a handler cannot break the framing`() {
    var state = Self.state()
    _ = state.received(Self.get, now: .zero)
    let fields: HTTPFields = [.transferEncoding: "chunked", .contentLength: "99", .init("X-A")!: "b\r\nInjected: c"]
    let text = Self.text(Self.answer(&state, Response(.ok, headerFields: fields)))
    #expect(!text.contains("chunked") && text.contains("Content-Length: 0\r\n") && !text.contains("\r\nInjected"))
  }

  @Test func `a stream of a declared length that is too short or too long cuts the connection`() {
    for chunk in [[UInt8](repeating: 0, count: 2), [UInt8](repeating: 0, count: 4)] {
      var state = Self.state()
      _ = state.received(Self.get, now: .zero)
      let actions = Self.answer(&state, Response(.ok, headerFields: [.contentLength: "3"], body: .stream { nil }))
      #expect(actions.contains(.pull) && Self.text(actions).contains("Content-Length: 3\r\n"))
      _ = state.respond(chunk: chunk)
      _ = state.finishResponse(now: .zero)
      #expect(state.isClosed)
    }
  }

  @Test func `broken chunks are refused while the handler runs`() {
    var state = Self.state()
    _ = state.received(Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8), now: .zero)
    let actions = state.received(Array("zz\r\n".utf8), now: .zero)
    guard case .failBody(.malformed) = actions.first, case .refuse(let error) = actions.last else {
      return #expect(Bool(false), "\(actions)")
    }
    #expect(error.status == .badRequest)
    #expect(Self.text(Self.answer(&state)).contains("Connection: close"))
  }

  @Test func `input is not read while the handler is behind with the body`() {
    var state = Self.state()
    _ = state.received(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123".utf8), now: .zero)
    state.bodyIsFull(now: .zero)
    #expect(!state.wantsInput)
    #expect(state.timePassed(now: .seconds(1000)).isEmpty)
    state.bodyHasRoom(now: .seconds(1000))
    #expect(state.wantsInput)
  }

  @Test func `a body that trickles is refused, one that comes fast enough is not`() {
    let head = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".utf8)
    for (octets, isRefused) in [(1, true), (300, false)] {
      var state = Self.state()
      _ = state.received(head, now: .zero)
      for second in 1...20 { _ = state.received([UInt8](repeating: 0, count: octets), now: .seconds(second)) }
      #expect(state.timePassed(now: .seconds(20)).isEmpty != isRefused)
    }
  }

  @Test func `further requests are not read without end while one is answered`() {
    var state = Self.state()
    _ = state.received(Self.get, now: .zero)
    #expect(state.wantsInput)
    _ = state.received([UInt8](repeating: 71, count: 64 * 1024), now: .zero)
    #expect(!state.wantsInput)
  }

  @Test func `100 Continue is sent once, to HTTP 1.1 alone, and not after the body has begun`() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    var state = Self.state()
    #expect(Self.text(state.received(Array(head.utf8), now: .zero)).isEmpty)
    #expect(Self.text(state.bodyWanted(now: .zero)) == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(state.bodyWanted(now: .zero).isEmpty)
    var old = Self.state()
    _ = old.received(Array(head.replacing("HTTP/1.1", with: "HTTP/1.0").utf8), now: .zero)
    #expect(old.bodyWanted(now: .zero).isEmpty)
    var eager = Self.state()
    _ = eager.received(Array((head + "a").utf8), now: .zero)
    #expect(eager.bodyWanted(now: .zero).isEmpty)
  }

  @Test func `the end of input cancels the handler only where that is the policy`() {
    var configuration = ServerConfiguration()
    for (policy, actions) in [(HalfClosePolicy.answer, []), (.cancel, [ConnectionState.Action.cancelHandler])] {
      configuration.halfClose = policy
      var state = Self.state(configuration)
      _ = state.received(Self.get, now: .zero)
      #expect(state.receivedEnd(now: .zero) == actions)
    }
  }

  @Test func `a lingering connection is cut after its time and after its octets`() {
    var slow = Self.state()
    _ = slow.received(Array("x\n".utf8), now: .zero)
    #expect(Self.answer(&slow, Response(.badRequest)).last == .shutdownWriting)
    slow.outputMoved(pending: 0, now: .seconds(1))
    #expect(slow.timePassed(now: .seconds(5)).isEmpty)
    #expect(slow.timePassed(now: .seconds(6)) == [.abort])
    var configuration = ServerConfiguration()
    configuration.limits.lingeringBytes = 10
    var fast = Self.state(configuration)
    _ = fast.received(Array("x\n".utf8), now: .zero)
    _ = Self.answer(&fast, Response(.badRequest))
    #expect(fast.received([UInt8](repeating: 0, count: 10), now: .zero).isEmpty)
    #expect(fast.received([0], now: .zero) == [.abort])
  }

  @Test func `who takes nothing of the last answer is cut, whether the connection is kept or about to close`() {
    var kept = Self.state()
    _ = kept.received(Self.get, now: .zero)
    _ = Self.answer(&kept)
    kept.outputMoved(pending: 10, now: .seconds(60))
    #expect(kept.timePassed(now: .seconds(80)).isEmpty)  // not idle, though longer without a request
    #expect(kept.timePassed(now: .seconds(90)) == [.abort])
    var ended = Self.state()
    _ = ended.received(Self.get, now: .zero)
    _ = ended.receivedEnd(now: .zero)
    #expect(Self.answer(&ended).last == .close)
    ended.outputMoved(pending: 10, now: .seconds(1))
    #expect(ended.timePassed(now: .seconds(30)).isEmpty)
    #expect(ended.timePassed(now: .seconds(31)) == [.abort])
  }

  @Test func `a stop closes an idle connection and lets a begun request finish`() {
    var idle = Self.state()
    #expect(idle.drain() == [.close])
    var busy = Self.state()
    _ = busy.received(Array(Self.get.prefix(10)), now: .zero)
    #expect(busy.drain().isEmpty)
    #expect(busy.received(Array(Self.get.dropFirst(10)), now: .zero).contains(where: Self.isHandle))
    #expect(Self.text(Self.answer(&busy)).contains("Connection: close"))
  }
}
