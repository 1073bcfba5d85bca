import Glibc
import Synchronization
import Testing

@testable import HTTP

@Suite struct EventLoopTests {
  /// Two ends of a connection within the process; the caller closes them.
  private static func pair() throws -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
    return (ends[0], ends[1])
  }

  @Test(.timeLimit(.minutes(1)))
  func `what is asked of a loop is done though it waits for its sockets`() async throws {
    let loop = try #require(EventLoop(patience: -1))
    let ends = try Self.pair()
    defer { for end in [ends.0, ends.1] { close(end) } }
    for _ in 0..<200 {
      // After the event the loop waits for the next one, which never comes.
      await withCheckedContinuation { continuation in
        loop.async {
          var watch: SocketWatch?
          watch = SocketWatch(ends.0, in: loop) { _ in
            var byte: UInt8 = 0
            #expect(recv(ends.0, &byte, 1, 0) == 1)
            watch?.end()
            watch = nil
            continuation.resume()
          }
          #expect(watch?.wait(for: .reading) == true)
          #expect(send(ends.1, "x", 1, 0) == 1)
        }
      }
      let isCurrent = await withCheckedContinuation { continuation in
        loop.async { continuation.resume(returning: loop.isCurrent) }
      }
      #expect(isCurrent)
    }
    #expect(!loop.isCurrent)
  }

  @Test func `a socket that was given up hears nothing of what had already happened`() async throws {
    let loop = try #require(EventLoop())
    let (first, second) = (try Self.pair(), try Self.pair())
    defer { for end in [first.0, first.1, second.0, second.1] { close(end) } }
    for end in [first.1, second.1] { try #require(send(end, "x", 1, 0) == 1) }
    let heard = Atomic(0)
    await withCheckedContinuation { continuation in
      loop.async {
        // Both are ready in one turn, and the first to hear ends both.
        var watches: [SocketWatch] = []
        watches = [first.0, second.0].map { end in
          SocketWatch(end, in: loop) { _ in
            heard.add(1, ordering: .relaxed)
            for watch in watches { watch.end() }
            loop.async { continuation.resume() }
          }
        }
        for watch in watches { #expect(watch.wait(for: .reading)) }
      }
    }
    #expect(heard.load(ordering: .relaxed) == 1)
  }

  @Test func `a socket of which nothing is awaited tells of nothing, not even its end`() async throws {
    let loop = try #require(EventLoop())
    let ends = try Self.pair()
    let heard = Mutex<[SocketEvents]>([])
    let events = await withCheckedContinuation { continuation in
      loop.async {
        let watch = SocketWatch(ends.0, in: loop) { events in heard.withLock { $0.append(events) } }
        #expect(watch.wait(for: .writing))
        #expect(watch.wait(for: []))
        close(ends.1)
        loop.async {
          loop.async {
            #expect(heard.withLock { $0.isEmpty })
            let again = SocketWatch(ends.0, in: loop) { events in
              continuation.resume(returning: events)
              close(ends.0)
            }
            #expect(again.wait(for: .reading))
          }
        }
      }
    }
    #expect(events == .reading)
  }

  @Test func `a broken socket is told to who awaits either`() async throws {
    let loop = try #require(EventLoop())
    let ends = try Self.pair()
    close(ends.1)
    let events = await withCheckedContinuation { continuation in
      loop.async {
        var watch: SocketWatch?
        watch = SocketWatch(ends.0, in: loop) { events in
          watch?.end()
          watch = nil
          continuation.resume(returning: events)
        }
        #expect(watch?.wait(for: [.reading, .writing]) == true)
      }
    }
    close(ends.0)
    #expect(events == [.reading, .writing])
  }
}
