import Dispatch
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import HTTP

@Suite struct ListenerTests {
  /// Calls of `accept` that fail in a given order before the real one is made.
  private final class Failures: Sendable {
    private let left: Mutex<[Int32]>
    let calls = Atomic(0)

    init(_ codes: [Int32]) { left = Mutex(codes) }

    func accept(_ socket: Socket) -> Socket.Accepting {
      calls.wrappingAdd(1, ordering: .relaxed)
      let code = left.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      return code.map { Socket.Accepting(failure: $0) } ?? socket.accept()
    }
  }

  private static func listener(_ failures: Failures, taken: DispatchSemaphore) throws -> (Listener, port: Int) {
    let (socket, port) = try Socket.listening(host: "127.0.0.1", port: 0, backlog: 8)
    let listener = Listener(socket: socket, accept: { failures.accept(socket) }, hasRoom: { true }) { client, _ in
      client.close()
      taken.signal()
    }
    return (listener, port)
  }

  @Test(arguments: [EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN])
  func `a client that is lost before it is taken does not keep the next one waiting`(_ code: Int32) async throws {
    let failures = Failures([code, code])
    let taken = DispatchSemaphore(value: 0)
    let (listener, port) = try Self.listener(failures, taken: taken)
    listener.start()
    try await withBlockingThread {
      let client = try LoopbackClient(port: port)
      #expect(try client.read().isEmpty)
    }
    await listener.stop()
  }

  @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
  func `accepting rests while the system has nothing left, and goes on when it is asked to`(_ code: Int32) async throws {
    let failures = Failures([code])
    let taken = DispatchSemaphore(value: 0)
    let (listener, port) = try Self.listener(failures, taken: taken)
    listener.start()
    try await withBlockingThread {
      let client = try LoopbackClient(port: port)
      while failures.calls.load(ordering: .relaxed) == 0 { sched_yield() }
      client.setTimeout(milliseconds: 100)
      #expect(throws: LoopbackClient.Failure.self) { try client.read() }
      #expect(failures.calls.load(ordering: .relaxed) == 1)
      listener.resume()
      client.setTimeout(milliseconds: 10_000)
      #expect(try client.read().isEmpty)
    }
    await listener.stop()
  }

  @Test func `a process without descriptors waits for one, and serves on`() async throws {
    try await TestServer.run { test in
      let first = try test.client()
      try first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try first.response().status == 200)
      var hoard = Self.hoardDescriptors()
      Glibc.close(hoard.removeLast())  // the one that the client below takes
      let waiting = try test.client()
      try waiting.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
      try first.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try first.response().text == "GET /2 ")
      for descriptor in hoard { Glibc.close(descriptor) }
      waiting.setTimeout(milliseconds: 50)
      var answer: LoopbackClient.Message?
      for _ in 0..<200 where answer == nil {
        test.clock.advance(by: .milliseconds(1))
        answer = try? waiting.response()
      }
      #expect(answer?.text == "GET /late ")
    }
  }

  /// All descriptors that the process may still open.
  private static func hoardDescriptors() -> [Int32] {
    var descriptors: [Int32] = []
    while true {
      let descriptor = dup(0)
      guard descriptor >= 0 else { return descriptors }
      descriptors.append(descriptor)
    }
  }
}
