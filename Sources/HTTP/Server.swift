import Glibc
import Synchronization

/// An HTTP/1.1 server: listens, and answers each request with the handler's response.
package final class Server: ConnectionHost {
  private enum Phase {
    case new
    case running
    case stopping(deadline: Duration)
  }

  private struct State {
    var phase = Phase.new
    var listener: Listener?
    var tick: (any ClockTick)?
    var credentials: TLSCredentials?
    var loops: [EventLoop] = []
    /// Clients so far, by which the loops take turns.
    var accepted = 0
    var capacity = 0
    var connections: [ObjectIdentifier: Connection] = [:]
    var waiters: [CheckedContinuation<Void, Never>] = []
    var date = (second: 0, text: "")
  }

  let configuration: ServerConfiguration
  let handler: Handler
  let errorResponse: ErrorResponse
  let clock: any ServerClock
  private let state = Mutex(State())

  /// - Parameters:
  ///   - handler: Called once a request, on the queue of many connections until it first waits, then on Swift's pool; it must not block a thread.
  ///   - errorResponse: Renders what the server refuses by itself; called on the queue of many connections, so it must be quick.
  package init(
    configuration: ServerConfiguration, clock: any ServerClock = MonotonicClock(), handler: @escaping Handler,
    errorResponse: @escaping ErrorResponse
  ) {
    self.configuration = configuration
    self.clock = clock
    self.handler = handler
    self.errorResponse = errorResponse
  }

  /// Open connections, for a metric.
  package var connectionCount: Int { state.withLock { $0.connections.count } }

  /// Listens, and returns the port.
  ///
  /// - Throws: ``ServerError`` where the host is unknown, the port is not to be had, or the certificate cannot be used.
  package func start() throws(ServerError) -> Int {
    let isFirst = state.withLock { state in
      guard case .new = state.phase else { return false }
      state.phase = .running
      return true
    }
    guard isFirst else { throw .alreadyStarted }
    let (credentials, loops, socket, port) = try opened()
    let listener = Listener(
      socket: socket,
      hasRoom: { [weak self] in self?.hasRoom ?? false },
      accepted: { [weak self] socket, peer in self?.accepted(socket, peer: peer) })
    let tick = clock.tick(every: configuration.timeouts.resolution) { [weak self] in self?.timePassed() }
    let capacity = DescriptorLimit.connections(upTo: configuration.maximumConnections)
    state.withLock { state in
      (state.listener, state.tick, state.credentials, state.capacity) = (listener, tick, credentials, capacity)
      state.loops = loops
    }
    listener.start()
    return port
  }

  private func opened() throws(ServerError) -> (TLSCredentials?, [EventLoop], Socket, Int) {
    do throws(ServerError) {
      let credentials = try configuration.tls.map { files throws(ServerError) in try TLSCredentials(files, now: clock.now()) }
      let loops = try (0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))).map { _ throws(ServerError) in try loop() }
      let (socket, port) = try Socket.listening(
        host: configuration.host, port: configuration.port, backlog: Int32(clamping: configuration.backlog))
      return (credentials, loops, socket, port)
    } catch {
      state.withLock { $0.phase = .new }
      throw error
    }
  }

  private func loop() throws(ServerError) -> EventLoop {
    if let loop = EventLoop() { return loop }
    let reason = String(cString: strerror(errno))
    throw .system(call: "epoll_create1", host: configuration.host, port: configuration.port, reason: reason)
  }

  /// Stops accepting, finishes the requests that have begun, closes idle connections, and cuts what is left after `patience`.
  package func stop(within patience: Duration) async {
    let deadline = clock.now() + patience
    let listener = state.withLock { state in
      state.phase = .stopping(deadline: deadline)
      return state.listener
    }
    await listener?.stop()
    for connection in connections { connection.drain() }
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if !state.connections.isEmpty { state.waiters.append(continuation) }
        return state.connections.isEmpty
      }
      if isDone { continuation.resume() }
    }
    state.withLock { state in
      state.tick?.cancel()
      (state.tick, state.listener) = (nil, nil)
    }
  }

  private var connections: [Connection] { state.withLock { Array($0.connections.values) } }

  private var hasRoom: Bool { state.withLock { $0.connections.count < $0.capacity } }

  private func accepted(_ socket: Socket, peer: String) {
    let (credentials, loop) = state.withLock { state in
      state.accepted += 1
      return (state.credentials, state.loops[state.accepted % state.loops.count])
    }
    let connection = Connection(
      socket: socket, peer: peer, host: self, loop: loop, session: credentials?.session(now: clock.now()))
    state.withLock { $0.connections[ObjectIdentifier(connection)] = connection }
    connection.start()
  }

  private func timePassed() {
    let now = clock.now()
    let (connections, isOver, listener) = state.withLock { state in
      let isOver = if case .stopping(let deadline) = state.phase { now >= deadline } else { false }
      return (Array(state.connections.values), isOver, state.listener)
    }
    listener?.resume()
    for connection in connections {
      if isOver { connection.abort() } else if connection.isDue(at: now) { connection.tick() }
    }
  }

  func closed(_ connection: Connection) {
    let (waiters, listener) = state.withLock { state in
      state.connections[ObjectIdentifier(connection)] = nil
      guard state.connections.isEmpty else { return ([CheckedContinuation<Void, Never>](), state.listener) }
      defer { state.waiters = [] }
      return (state.waiters, state.listener)
    }
    listener?.resume()
    for waiter in waiters { waiter.resume() }
  }

  func date() -> String {
    let second = CalendarDate.secondsNow()
    return state.withLock { state in
      if state.date.second != second { state.date = (second, CalendarDate.text(secondsSince1970: second)) }
      return state.date.text
    }
  }
}
