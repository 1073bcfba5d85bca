import Dispatch
import Testing

@testable import HTTP

/// The hand-over of a body between two threads.
@Suite(.timeLimit(.minutes(1))) struct BodyStreamTests {
  /// A reader that is about to wait while the last room is taken must not be forgotten: it happened once in some thousand hand-overs.
  @Test func `whoever waits for room is told of it, however the threads meet`() async throws {
    let pieces = 200_000
    let room = DispatchSemaphore(value: 0)
    let stream = BodyStream(capacity: 2) { demand in
      if demand == .room { room.signal() }
    }
    DispatchQueue.global().async {
      for piece in 0..<pieces {
        // Should none be told of, the reader sees a failure and not an endless wait.
        if stream.append([UInt8(truncatingIfNeeded: piece)]) == .full, room.wait(timeout: .now() + 10) == .timedOut {
          return stream.fail(.incomplete)
        }
      }
      stream.finish()
    }
    var read = 0
    while let chunk = try await stream.next() {
      for byte in chunk {
        #expect(byte == UInt8(truncatingIfNeeded: read))
        read += 1
      }
    }
    #expect(read == pieces)
  }
}
