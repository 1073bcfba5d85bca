import Dispatch
import HTTPTypes
import Synchronization

/// What a connection needs of its server.
protocol ConnectionHost: AnyObject, Sendable {
  var configuration: ServerConfiguration { get }
  var clock: any ServerClock { get }
  var handler: Handler { get }
  var errorResponse: ErrorResponse { get }
  func date() -> String
  func closed(_ connection: Connection)
}

/// One client's socket: carries bytes to the state machine, and its actions out.
///
/// `@unchecked`: everything mutable is touched on the loop's queue alone.
final class Connection: @unchecked Sendable {
  private static let readBytes = 64 * 1024
  /// Reads in one turn, so that one fast client does not hold a thread.
  private static let readsPerTurn = 8

  private let socket: Socket
  private let peer: String
  private let host: any ConnectionHost
  private let loop: EventLoop
  private var watch: SocketWatch?
  /// TLS; `nil` where the client speaks plain HTTP.
  private var session: TLSSession?
  private var state: ConnectionState
  /// When the state machine has to look at its deadlines, in nanoseconds; read by the server's clock from its own thread.
  private let due = Atomic(Int64.max)
  private var output: OutputQueue
  /// Counts exchanges and refusals, so that an answer which comes too late is known.
  private var turn = 0
  private var identifier = ""
  private var body: BodyStream?
  private var task: Task<Void, Never>?
  /// What a handler that waited for nothing has answered, until the actions that called it are through.
  private var prompt: (response: Response, turn: Int)?
  private var pull: ResponsePull?
  private var room: CheckedContinuation<StreamRoom, Never>?

  init(socket: Socket, peer: String, host: any ConnectionHost, loop: EventLoop, session: TLSSession?) {
    self.socket = socket
    self.peer = peer
    self.host = host
    self.loop = loop
    self.session = session
    output = OutputQueue(socket: socket)
    state = ConnectionState(configuration: host.configuration, now: host.clock.now())
  }

  func start() {
    loop.async { [self] in
      watch = SocketWatch(socket.descriptor, in: loop) { [weak self] events in self?.happened(events) }
      settle()
    }
  }

  /// Whether a deadline has come; cheap, since most connections are asked in vain.
  func isDue(at now: Duration) -> Bool { due.load(ordering: .relaxed) <= now.nanoseconds }

  /// Lets the state machine look at its deadlines.
  func tick() {
    loop.async { [self] in perform(state.timePassed(now: host.clock.now())) }
  }

  /// Ends the connection once what has begun is finished, and what has just arrived with it.
  func drain() {
    loop.async { [self] in
      if state.wantsInput { readable() }
      perform(state.drain())
    }
  }

  func abort() {
    loop.async { [self] in perform(state.fail()) }
  }

  // MARK: - Input

  private func happened(_ events: SocketEvents) {
    if events.contains(.writing) {
      flush()
      settle()
    }
    if events.contains(.reading) { readable() }
  }

  private func readable() {
    for _ in 0..<Self.readsPerTurn where state.wantsInput {
      switch socket.read(atMost: Self.readBytes) {
      case .bytes(let bytes):
        received(bytes)
        if bytes.count < Self.readBytes { return }
      case .end: return perform(state.receivedEnd(now: host.clock.now()))
      case .wouldBlock: return
      case .failed: return perform(state.fail())
      }
    }
  }

  private func received(_ bytes: [UInt8]) {
    let now = host.clock.now()
    guard let session, session.isUsable else { return perform(state.received(bytes, now: now)) }
    guard session.hasBegun || TLSSession.isRecord(bytes) else {
      self.session = nil
      return perform(state.refuse(.malformed("this port speaks TLS, and the request came without; ask for https://"), now: now))
    }
    let (plain, input) = session.open(bytes)
    output.append(session.takeOutput())
    if session.isEstablished { state.secured(now: now) }
    if !plain.isEmpty { perform(state.received(plain, now: now)) }
    switch input {
    case .open: flush()
    case .ended: perform(state.receivedEnd(now: now))
    case .failed: perform(state.breakOff())
    }
    settle()
  }

  /// Brings what is awaited of the socket, and the deadline, in line with the state.
  private func settle() {
    updateWatch()
    publishDeadline()
  }

  private func publishDeadline() { due.store(state.deadline?.moment.nanoseconds ?? .max, ordering: .relaxed) }

  private func updateWatch() {
    guard output.isOpen, let watch else { return }
    var events: SocketEvents = []
    if state.wantsInput { events.insert(.reading) }
    if output.isBlocked { events.insert(.writing) }
    guard !watch.wait(for: events) else { return }
    _ = state.fail()
    release()
  }

  // MARK: - Actions

  private func perform(_ actions: [ConnectionState.Action]) {
    for action in actions { perform(action) }
    let answered = takePrompt()
    for action in answered { perform(action) }
    // A further request that was answered at once lets other connections go first.
    if prompt != nil { loop.async { self.perform([]) } }
    if !actions.isEmpty || !answered.isEmpty { flush() }
    if state.isIdle { (task, body, pull) = (nil, nil, nil) }
    settle()
  }

  private func perform(_ action: ConnectionState.Action) {
    switch action {
    case .handle(let head): handle(head)
    case .deliver(let bytes): if body?.append(bytes) == .full { state.bodyIsFull(now: host.clock.now()) }
    case .finishBody: body?.finish()
    case .failBody(let error): body?.fail(error)
    case .refuse(let error): refuse(error)
    case .send(let bytes): output.append(session?.seal(bytes) ?? bytes)
    case .pull: stream()
    case .checkClient: if socket.hasFailed { perform(state.fail()) }
    case .cancelHandler: task?.cancel()
    case .shutdownWriting: end(.shutdown)
    case .close: end(.close)
    case .abort: release()
    }
  }

  private func end(_ ending: OutputQueue.Ending) {
    if let session { output.append(session.farewell()) }
    output.ending = ending
  }

  private func handle(_ head: RequestHead) {
    turn += 1
    let turn = turn
    var message = head.request
    if session != nil { message.scheme = "https" }
    do throws(ProtocolError) {
      let configuration = host.configuration
      let request = try Request(head: message, body: newBody(for: head), bodyLimit: configuration.bodyLimit(of: message), peer: peer)
      identifier = request.id
      let handler = host.handler
      task = Task.immediate { [self] in
        let response = await handler(request).compressed(for: request.head, configuration.compression)
        // On the loop's queue is a handler only as long as it has waited for nothing.
        if loop.isCurrent { prompt = (response, turn) } else { loop.async { self.answer(response, turn: turn) } }
      }
    } catch {
      identifier = RequestIdentifier.accepted(message.headerFields[.requestIdentifier]) ?? error.requestIdentifier
      perform(state.failBody(.malformed(error.detail), refusal: error, now: host.clock.now()))
    }
  }

  private func newBody(for head: RequestHead) -> RequestBody {
    let declared: Int?
    switch head.framing {
    case .none, .counted(0): return RequestBody([])
    case .counted(let length): declared = length
    case .chunked: declared = nil
    }
    let (turn, expectation) = (turn, head.expectation)
    let stream = BodyStream(capacity: host.configuration.limits.bufferedBodyBytes) { [weak self] demand in
      guard demand == .room || expectation == .continue100 else { return }
      self?.demanded(demand, turn: turn)
    }
    body = stream
    return RequestBody(stream: stream, declaredLength: declared)
  }

  private func demanded(_ demand: BodyStream.Demand, turn: Int) {
    loop.async { [self] in
      guard turn == self.turn else { return }
      switch demand {
      case .first: perform(state.bodyWanted(now: host.clock.now()))
      case .room:
        state.bodyHasRoom(now: host.clock.now())
        settle()
      }
    }
  }

  private func answer(_ response: Response, turn: Int) { perform(actions(for: response, turn: turn)) }

  private func takePrompt() -> [ConnectionState.Action] {
    guard let (response, turn) = prompt else { return [] }
    prompt = nil
    return actions(for: response, turn: turn)
  }

  private func actions(for response: Response, turn: Int) -> [ConnectionState.Action] {
    guard turn == self.turn else { return [] }
    if case .stream(let pull) = response.body { self.pull = pull }
    body = nil
    return state.respond(response, requestIdentifier: identifier, date: host.date(), now: host.clock.now())
  }

  private func refuse(_ error: ProtocolError) {
    var error = error
    if state.hasHead { error.requestIdentifier = identifier }
    turn += 1
    task?.cancel()
    identifier = error.requestIdentifier
    var response = host.errorResponse(error)
    if case .unknownContentCoding = error.reason { response.head.headerFields[.acceptEncoding] = ContentCoding.accepted }
    answer(response, turn: turn)
  }

  // MARK: - Streamed responses

  private func stream() {
    guard let pull else { return }
    self.pull = nil
    let turn = turn
    task = Task { [self] in
      do {
        while let chunk = try await pull() {
          guard await send(chunk, turn: turn) == .open else { return }
        }
        loop.async { [self] in
          guard turn == self.turn else { return }
          perform(state.finishResponse(now: host.clock.now()))
        }
      } catch {
        loop.async { [self] in if turn == self.turn { perform(state.fail()) } }
      }
    }
  }

  private enum StreamRoom {
    case open
    case closed
  }

  /// Sends a piece and waits until the client has taken enough of what waits.
  private func send(_ chunk: [UInt8], turn: Int) async -> StreamRoom {
    await withCheckedContinuation { continuation in
      loop.async { [self] in
        guard turn == self.turn, !state.isClosed else { return continuation.resume(returning: .closed) }
        perform(state.respond(chunk: chunk))
        if state.isClosed {
          continuation.resume(returning: .closed)
        } else if output.pending > host.configuration.limits.bufferedResponseBytes {
          room = continuation
        } else {
          continuation.resume(returning: .open)
        }
      }
    }
  }

  // MARK: - Output

  private func flush() {
    guard output.isOpen else { return }
    switch output.flush() {
    case .failed:
      _ = state.fail()
      return release()
    case .moved: state.outputMoved(pending: output.pending, now: host.clock.now())
    case .still: break
    }
    if output.pending <= host.configuration.limits.bufferedResponseBytes / 2, let waiting = room {
      room = nil
      waiting.resume(returning: .open)
    }
    if output.isEnded { release() }
    publishDeadline()
  }

  private func release() {
    guard output.isOpen else { return }
    task?.cancel()
    body?.fail(.incomplete)
    room?.resume(returning: .closed)
    (task, body, pull, room, prompt) = (nil, nil, nil, nil, nil)
    output.giveUp()
    watch?.end()
    socket.close()
    host.closed(self)
  }
}
