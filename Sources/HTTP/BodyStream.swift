import Synchronization

/// The hand-over of a body's bytes from a connection's queue to the task that reads them.
final class BodyStream: Sendable {
  private enum End {
    case open
    case complete
    case failed(RequestBodyError)
  }

  private struct State {
    var chunks: [[UInt8]] = []
    var first = 0
    var bytes = 0
    var end = End.open
    var reader: CheckedContinuation<Result<[UInt8]?, RequestBodyError>, Never>?
    var isWanted = false
  }

  private let state: Mutex<State>
  /// Told when the reader first asks (the moment for `100 Continue`) and when it has made room.
  private let onDemand: @Sendable (_ buffered: Int) -> Void

  init(onDemand: @escaping @Sendable (_ buffered: Int) -> Void) {
    state = Mutex(State())
    self.onDemand = onDemand
  }

  init(complete bytes: [UInt8]) {
    var state = State()
    if !bytes.isEmpty { state.chunks = [bytes] }
    state.bytes = bytes.count
    state.end = .complete
    state.isWanted = true
    self.state = Mutex(state)
    onDemand = { _ in }
  }

  /// Bytes that wait for the reader.
  var buffered: Int { state.withLock { $0.bytes } }

  func append(_ chunk: [UInt8]) {
    guard !chunk.isEmpty else { return }
    let reader = state.withLock { state -> CheckedContinuation<Result<[UInt8]?, RequestBodyError>, Never>? in
      guard case .open = state.end else { return nil }
      if let reader = state.reader {
        state.reader = nil
        return reader
      }
      state.chunks.append(chunk)
      state.bytes += chunk.count
      return nil
    }
    reader?.resume(returning: .success(chunk))
  }

  func finish() { end(.complete, waiting: .success(nil)) }

  func fail(_ error: RequestBodyError) { end(.failed(error), waiting: .failure(error)) }

  func next() async throws(RequestBodyError) -> [UInt8]? {
    let (ready, isFirst) = state.withLock { state in
      defer { state.isWanted = true }
      return (Self.take(&state), !state.isWanted)
    }
    if let ready {
      onDemand(buffered)
      return try ready.get()
    }
    if isFirst { onDemand(0) }
    return try await wait().get()
  }

  private func wait() async -> Result<[UInt8]?, RequestBodyError> {
    await withCheckedContinuation { continuation in
      let ready = state.withLock { state -> Result<[UInt8]?, RequestBodyError>? in
        if let ready = Self.take(&state) { return ready }
        precondition(state.reader == nil, "a request body has one reader at a time")
        state.reader = continuation
        return nil
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }

  private static func take(_ state: inout State) -> Result<[UInt8]?, RequestBodyError>? {
    if case .failed(let error) = state.end { return .failure(error) }
    if state.first < state.chunks.count {
      let chunk = state.chunks[state.first]
      state.chunks[state.first] = []
      state.first += 1
      state.bytes -= chunk.count
      if state.first == state.chunks.count {
        state.chunks.removeAll(keepingCapacity: true)
        state.first = 0
      }
      return .success(chunk)
    }
    if case .complete = state.end { return .success(nil) }
    return nil
  }

  private func end(_ end: End, waiting answer: Result<[UInt8]?, RequestBodyError>) {
    let reader = state.withLock { state -> CheckedContinuation<Result<[UInt8]?, RequestBodyError>, Never>? in
      guard case .open = state.end else { return nil }
      state.end = end
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: answer)
  }
}
