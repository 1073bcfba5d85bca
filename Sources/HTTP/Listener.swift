import Dispatch

/// The listening socket: accepts clients while there is room for them.
///
/// `@unchecked`: everything mutable is touched on `queue` alone.
final class Listener: @unchecked Sendable {
  private enum Acceptance {
    case running
    case paused
    case stopped
  }

  private let socket: Socket
  private let queue = DispatchQueue(label: "hpm.http.listener")
  private let source: any DispatchSourceRead
  private let accept: @Sendable () -> Socket.Accepting
  private let hasRoom: @Sendable () -> Bool
  private let accepted: @Sendable (Socket, String) -> Void
  private var acceptance = Acceptance.running

  /// - Parameter accept: Takes one client off the queue; a test brings one that fails.
  init(
    socket: Socket, accept: (@Sendable () -> Socket.Accepting)? = nil, hasRoom: @escaping @Sendable () -> Bool,
    accepted: @escaping @Sendable (Socket, String) -> Void
  ) {
    self.socket = socket
    self.accept = accept ?? { socket.accept() }
    self.hasRoom = hasRoom
    self.accepted = accepted
    source = DispatchSource.makeReadSource(fileDescriptor: socket.descriptor, queue: queue)
  }

  func start() {
    source.setEventHandler { [weak self] in self?.acceptAll() }
    source.setCancelHandler { [socket] in socket.close() }
    source.resume()
  }

  /// Tries again where connections or descriptors had run out.
  func resume() {
    queue.async { [self] in
      guard acceptance == .paused, hasRoom() else { return }
      acceptance = .running
      source.resume()
    }
  }

  /// Takes the clients that already wait, then refuses further ones.
  func stop() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      queue.async { [self] in
        defer { continuation.resume() }
        guard acceptance != .stopped else { return }
        if acceptance == .paused { source.resume() }
        acceptClients()
        acceptance = .stopped
        source.cancel()
      }
    }
  }

  private func acceptAll() {
    guard acceptance == .running, !acceptClients() else { return }
    acceptance = .paused
    source.suspend()
  }

  /// Whether there is room for more.
  @discardableResult
  private func acceptClients() -> Bool {
    while hasRoom() {
      switch accept() {
      case .client(let client, let peer): accepted(client, peer)
      case .lost: continue
      case .none: return true
      case .exhausted: return false
      }
    }
    return false
  }
}
