import Dispatch
import Testing

@testable import HTTP

/// The hand-over of a body between two threads.
@Suite(.timeLimit(.minutes(1))) struct BodyStreamTests {
  /// Whatever the reader takes meanwhile, it must say once more that there is room: else the rest of an upload is never read.
  @Test func `a connection that waits for room is told of it, however the threads meet`() async throws {
    let connection = FakeConnection(pieces: 400_000)
    connection.start()
    var read = 0
    while let chunk = try await connection.stream.next() {
      for byte in chunk {
        if byte != UInt8(truncatingIfNeeded: read) { Issue.record("piece \(read) is \(byte)") }
        read += 1
      }
    }
    #expect(read == connection.pieces)
  }
}

/// Delivers pieces as a connection does: on a queue of its own, several at a time, none while it waits for room.
private final class FakeConnection: @unchecked Sendable {  // what changes is touched on `queue` alone
  let pieces: Int
  private(set) var stream = BodyStream(complete: [])
  private let queue = DispatchQueue(label: "hpm.tests.body")
  private var delivered = 0
  private var isPaused = false

  init(pieces: Int) {
    self.pieces = pieces
    stream = BodyStream(capacity: 8) { [weak self] demand in
      if demand == .room { self?.hasRoom() }
    }
  }

  /// Should it wait for ever, the reader sees a failure after a while.
  func start() {
    queue.async { self.deliver() }
    queue.asyncAfter(deadline: .now() + 20) { self.stream.fail(.incomplete) }
  }

  private func hasRoom() {
    queue.async {
      guard self.isPaused else { return }
      self.isPaused = false
      self.deliver()
    }
  }

  private func deliver() {
    for _ in 0..<5 where delivered < pieces {
      if stream.append([UInt8(truncatingIfNeeded: delivered)]) == .full { isPaused = true }
      delivered += 1
    }
    if delivered == pieces { stream.finish() } else if !isPaused { queue.async { self.deliver() } }
  }
}
