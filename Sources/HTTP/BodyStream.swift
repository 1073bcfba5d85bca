import Synchronization

/// The hand-over of a body's bytes from a connection's queue to the task that reads them.
final class BodyStream: Sendable {
  /// What the reader lets the connection know.
  enum Demand {
    /// It waits for the first time: the moment for `100 Continue`.
    case first
    /// It has made room after ``append(_:)`` said that there is none.
    case room
  }

  enum Room {
    case free
    case full
  }

  private enum End {
    case open
    case complete
    case failed(RequestBodyError)
  }

  private typealias Outcome = Result<[UInt8]?, RequestBodyError>

  private struct State {
    var chunks: [[UInt8]] = []
    var first = 0
    var bytes = 0
    var end = End.open
    var reader: CheckedContinuation<Outcome, Never>?
    var hasWaited = false
    var isFull = false
  }

  private static let joinedBytes = 16 * 1024

  private let state: Mutex<State>
  private let capacity: Int
  private let onDemand: @Sendable (Demand) -> Void

  /// A body that is to come, of which `capacity` bytes may wait.
  init(capacity: Int, onDemand: @escaping @Sendable (Demand) -> Void) {
    state = Mutex(State())
    self.capacity = capacity
    self.onDemand = onDemand
  }

  init(complete bytes: [UInt8]) {
    var state = State()
    if !bytes.isEmpty { state.chunks = [bytes] }
    state.bytes = bytes.count
    state.end = .complete
    self.state = Mutex(state)
    capacity = bytes.count
    onDemand = { _ in }
  }

  /// Adds bytes, and says whether more should come before the reader has taken some.
  func append(_ chunk: [UInt8]) -> Room {
    let (reader, room) = state.withLock { state -> (CheckedContinuation<Outcome, Never>?, Room) in
      guard case .open = state.end, !chunk.isEmpty else { return (nil, .free) }
      if let reader = state.reader {
        state.reader = nil
        return (reader, .free)
      }
      Self.store(chunk, in: &state)
      // Once said it stays until the reader is told to have made room, even where some has been taken since.
      if state.bytes >= capacity { state.isFull = true }
      return (nil, state.isFull ? .full : .free)
    }
    reader?.resume(returning: .success(chunk))
    return room
  }

  /// Small pieces are joined, so that a client that sends octet by octet does not cost a piece of memory for each.
  private static func store(_ chunk: [UInt8], in state: inout State) {
    state.bytes += chunk.count
    if let last = state.chunks.indices.last, last >= state.first, state.chunks[last].count + chunk.count <= joinedBytes {
      state.chunks[last] += chunk
    } else {
      state.chunks.append(chunk)
    }
  }

  func finish() { end(.complete, waiting: .success(nil)) }

  func fail(_ error: RequestBodyError) { end(.failed(error), waiting: .failure(error)) }

  func next() async throws(RequestBodyError) -> [UInt8]? {
    let outcome = await withCheckedContinuation { continuation in
      // Under one lock: room that is made while the reader decides to wait must be told of too.
      let (ready, demand) = state.withLock { state in
        let taken = Self.take(&state, capacity: capacity)
        if taken.outcome == nil {
          precondition(state.reader == nil, "a request body has one reader at a time")
          state.reader = continuation
        }
        return taken
      }
      if let demand { onDemand(demand) }
      if let ready { continuation.resume(returning: ready) }
    }
    return try outcome.get()
  }

  private static func take(_ state: inout State, capacity: Int) -> (outcome: Outcome?, demand: Demand?) {
    if case .failed(let error) = state.end { return (.failure(error), nil) }
    guard state.first < state.chunks.count else {
      if case .complete = state.end { return (.success(nil), nil) }
      defer { state.hasWaited = true }
      return (nil, state.hasWaited ? nil : .first)
    }
    let chunk = state.chunks[state.first]
    state.chunks[state.first] = []
    state.first += 1
    state.bytes -= chunk.count
    if state.first == state.chunks.count {
      state.chunks.removeAll(keepingCapacity: true)
      state.first = 0
    }
    guard state.isFull, state.bytes <= capacity / 2 else { return (.success(chunk), nil) }
    state.isFull = false
    return (.success(chunk), .room)
  }

  private func end(_ end: End, waiting outcome: Outcome) {
    let reader = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
      guard case .open = state.end else { return nil }
      state.end = end
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: outcome)
  }
}
