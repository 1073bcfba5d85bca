import Foundation
import Synchronization
import TestSupport
import Testing

/// How the service leaves.
@Suite(.serialized) struct ShutdownTests {
  private static let workers = 6
  /// With `HPM_EXHAUSTIVE` set it leaves twenty times.
  private static let drainDelays = {
    let isExhaustive = ProcessInfo.processInfo.environment["HPM_EXHAUSTIVE"] != nil
    return (0..<(isExhaustive ? 20 : 3)).map { $0.isMultiple(of: 3) ? "0" : "0.3" }
  }()
  private static let answersBeforeTheEnd = 12

  @Test(.timeLimit(.minutes(3)), arguments: drainDelays)
  func `under load every request whose head was read gets its whole answer`(drainDelay: String) async throws {
    let load = Load()
    let outcome = try await ServedProgram.with(["--drain-delay", drainDelay]) { service in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<Self.workers { group.addTask { try await withBlockingThread { load.press(service.port) } } }
        await load.answered(Self.answersBeforeTheEnd)
        service.terminate()
        try await group.waitForAll()
      }
    }
    let served = outcome.errors.split(separator: "\n").filter { $0.contains(#""message":"request""#) }
    #expect(served.allSatisfy { $0.contains(#""status":200"#) })
    #expect(served.count == load.answers, "requests served, and answers that arrived whole")
    #expect(load.answers >= Self.answersBeforeTheEnd)
    #expect(load.faults == [], "each request whose head was read got an answer")
  }

  @Test(.timeLimit(.minutes(1)))
  func `it is not ready at once, and goes on answering new clients for the drain delay`() async throws {
    try await ServedProgram.with(["--drain-delay", "2"]) { service in
      service.terminate()
      _ = try await service.line(with: "draining")
      let ready = try await service.ask("GET", "/health/ready")
      #expect(ready.status == 503 && ready.text == #"{"ready":false,"reasons":["draining"]}"# && ready["Retry-After"] != nil)
      #expect(try await service.ask("GET", "/health/live").status == 200)
      #expect(try await service.ask("POST", "/predict-loss", body: Samples.photo).status == 200)
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a client that waits for a place when it is asked to stop is accepted during the drain delay`() async throws {
    try await ServedProgram.with(["--drain-delay", "3", "--max-connections", "1"]) { service in
      let first = try LoopbackClient(port: service.port, timeout: 60)
      #expect(try await withBlockingThread { try Self.askWhetherItLives(first).status } == 200)
      // The kernel has the second; the service has no place for it.
      let second = try LoopbackClient(port: service.port, timeout: 60)
      try second.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
      service.terminate()
      _ = try await service.line(with: "draining")
      first.close()
      #expect(try await withBlockingThread { try second.response().status } == 200)
    }
  }

  private static func askWhetherItLives(_ client: LoopbackClient) throws -> LoopbackClient.Message {
    try client.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return try client.response()
  }

  @Test(.timeLimit(.minutes(1)), arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
  func `a second signal, whichever it is, stops at once`(signal: Int32, status: Int32) async throws {
    let start = ContinuousClock.now
    try await ServedProgram.with(["--drain-delay", "50", "--grace", "55"], endingWith: status) { service in
      service.terminate()
      _ = try await service.line(with: "draining")
      service.send(signal: signal)
    }
    #expect(ContinuousClock.now - start < .seconds(40))
  }

  @Test(.timeLimit(.minutes(1)))
  func `a client that never ends its request does not keep it beyond the grace period`() async throws {
    try await ServedProgram.with(["--drain-delay", "0", "--grace", "1"]) { service in
      let client = try LoopbackClient(port: service.port, timeout: 60)
      try client.send("POST /predict-loss HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
      #expect(try await withBlockingThread { try client.response().status } == 100, "the head was read")
      service.terminate()
      _ = try await service.line(with: "stopped")
    }
  }
}

/// Clients that ask for predicted losses until nobody answers any more.
private final class Load: Sendable {
  private struct State {
    var answers = 0
    var faults: [String] = []
    var waiter: (answers: Int, continuation: CheckedContinuation<Void, Never>)?
  }

  private static let requestsPerConnection = 3
  private let state = Mutex(State())

  /// Answers that arrived whole.
  var answers: Int { state.withLock { $0.answers } }

  /// What became of requests whose heads were read, where it was not an answer of status 200.
  var faults: [String] { state.withLock { $0.faults } }

  private func add(fault: String) { state.withLock { $0.faults.append(fault) } }

  /// Asks over one connection after the other until none is accepted; blocks.
  func press(_ port: Int) {
    while let client = try? LoopbackClient(port: port, timeout: 60) { ask(client) }
  }

  private func ask(_ client: LoopbackClient) {
    for _ in 0..<Self.requestsPerConnection {
      // A request that is answered nothing at all was not read; once the service has said "go on", it has read the head.
      guard let reply = try? begin(client), reply.status == 100 else { return }
      do {
        try client.send(Samples.photo)
        let answer = try client.response()
        if answer.status != 200 { add(fault: answer.statusLine) }
        countAnswer()
        if answer["Connection"] == "close" { return }
      } catch {
        return add(fault: "\(error)")
      }
    }
  }

  private func begin(_ client: LoopbackClient) throws -> LoopbackClient.Message {
    let fields = "Host: localhost\r\nContent-Length: \(Samples.photo.count)\r\nExpect: 100-continue\r\n"
    try client.send("POST /predict-loss HTTP/1.1\r\n\(fields)\r\n")
    return try client.response()
  }

  private func countAnswer() {
    let waiter = state.withLock { state in
      state.answers += 1
      guard let waiter = state.waiter, state.answers >= waiter.answers else { return CheckedContinuation<Void, Never>?.none }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }

  /// Returns once `answers` have arrived.
  func answered(_ answers: Int) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.answers < answers { state.waiter = (answers, continuation) }
        return state.answers >= answers
      }
      if isThere { continuation.resume() }
    }
  }
}
