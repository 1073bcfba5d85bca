import Synchronization
import Testing

@testable import HTTP

/// The hand-over of a body between two threads.
@Suite struct BodyStreamTests {
  /// Else the connection, which was told that there is none, never reads the rest of an upload.
  @Test func `room is told of even where some was taken and given again before`() async throws {
    let told = Mutex(0)
    let stream = BodyStream(capacity: 20 * 1024) { demand in
      if demand == .room { told.withLock { $0 += 1 } }
    }
    let piece = [UInt8](repeating: 1, count: 9 * 1024)
    #expect(stream.append(piece) == .free && stream.append(piece) == .free && stream.append(piece) == .full)
    _ = try await stream.next()
    #expect(stream.append([2]) == .full, "18 of 20 KiB wait, but it has said that there is no room")
    #expect(told.withLock { $0 } == 0)
    _ = try await stream.next()
    _ = try await stream.next()
    #expect(told.withLock { $0 } == 1)
  }
}
