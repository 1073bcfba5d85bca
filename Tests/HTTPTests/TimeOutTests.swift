import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct TimeOutTests {
  private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `a head that does not arrive is answered with 408`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send(Self.get)
      _ = try client.response()
      try client.send("GET / HTTP/1.1\r\nHost:")
      let answer = try test.advance(by: .seconds(11), until: client)
      #expect(Self.text(answer).hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test func `a body that stops is answered with 408`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send(Self.get)
      _ = try client.response()
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123")
      let answer = try test.advance(by: .seconds(31), until: client)
      #expect(Self.text(answer).hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test func `an idle connection is closed without a word`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send(Self.get)
      _ = try client.response()
      #expect(try test.advance(by: .seconds(66), until: client).isEmpty)
    }
  }

  @Test func `a client that takes nothing is cut`() async throws {
    let body = [UInt8](repeating: 0, count: 50_000_000)
    try await TestServer.run(handler: { _ in Response(.ok, body: .bytes(body)) }) { test in
      let stalled = try test.client()
      try stalled.send(Self.get)
      var received = try stalled.read().count
      for _ in 0..<1000 where test.server.connectionCount > 0 {
        test.clock.advance(by: .seconds(31))
        let other = try test.client()  // its answer shows that the server has had time to see the clock
        try other.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        _ = try other.read()
      }
      while let bytes = try? stalled.read(), !bytes.isEmpty { received += bytes.count }
      #expect(received < body.count)
    }
  }

  @Test func `a body that trickles in is answered with 408, however steadily it comes`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
      client.setTimeout(milliseconds: 20)
      var answer: [UInt8]?
      for _ in 0..<400 where answer == nil {
        try client.send("x")
        test.clock.advance(by: .seconds(1))
        answer = try? client.read()
      }
      #expect(Self.text(answer ?? []).hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test func `a client that never asks for anything is closed after the time of a head`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      #expect(try test.advance(by: .seconds(11), until: client).isEmpty)
    }
  }

  @Test func `a client that goes on sending after its refusal is cut after a while`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send("broken\r\n\r\n")
      #expect(try client.response().status == 400)
      #expect(try client.read().isEmpty)
      for _ in 0..<200_000 where test.server.connectionCount > 0 {
        test.clock.advance(by: .seconds(1))
        try? client.send("more")
      }
      #expect(test.server.connectionCount == 0)
    }
  }

  @Test func `a client that has closed while it waits is found out, and its handler cancelled`() async throws {
    let (events, seen) = AsyncStream.makeStream(of: String.self)
    let handler: Handler = { _ in
      seen.yield("started")
      while !Task.isCancelled { await Task.yield() }
      seen.yield("cancelled")
      return Response(.ok)
    }
    let test = try TestServer(handler: handler)
    var iterator = events.makeAsyncIterator()
    let client = try test.client()
    try client.send(Self.get)
    #expect(await iterator.next() == "started")
    client.close()
    for _ in 0..<100_000 where test.server.connectionCount > 0 {
      test.clock.advance(by: .seconds(1))
      await Task.yield()
    }
    #expect(test.server.connectionCount == 0)
    #expect(await iterator.next() == "cancelled")
    await test.stop()
  }

  @Test func `a client that has ended its side and still reads is asked once, and gets its answer`() async throws {
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let handler: Handler = { _ in
      for await _ in gate { break }
      return Response(.ok, body: .bytes(Array("late".utf8)))
    }
    try await TestServer.run(handler: handler) { test in
      let client = try test.client()
      try client.send(Self.get)
      client.shutdownWriting()
      let question = try test.advance(by: .seconds(1), until: client)
      #expect(Self.text(question) == "HTTP/1.1 100 Continue\r\n\r\n")
      for _ in 0..<10 { test.clock.advance(by: .seconds(1)) }
      open.yield()
      client.setTimeout(milliseconds: 10_000)
      let answer = try client.response()
      #expect(answer.status == 200 && answer.text == "late")
    }
  }

  @Test func `a stop waits for the answer that is being made`() async throws {
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let handler: Handler = { _ in
      start.yield()
      for await _ in gate { break }
      return Response(.ok, body: .bytes(Array("late".utf8)))
    }
    let test = try TestServer(handler: handler)
    let client = try test.client()
    let idle = try test.client()
    try client.send(Self.get)
    for await _ in started { break }
    async let stopped: Void = test.server.stop(within: .seconds(10))
    #expect(try await withBlockingThread { try idle.read() }.isEmpty)
    open.yield()
    let response = try await withBlockingThread { try client.response() }
    #expect(response.text == "late")
    #expect(try await withBlockingThread { try client.read() }.isEmpty)
    client.close()
    await stopped
    #expect(throws: LoopbackClient.Failure.self) { try LoopbackClient(port: test.port) }
  }

  @Test func `a stop cuts what is left at its deadline`() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let handler: Handler = { _ in
      start.yield()
      while !Task.isCancelled { await Task.yield() }
      return Response(.ok)
    }
    let test = try TestServer(handler: handler)
    let client = try test.client()
    try client.send(Self.get)
    for await _ in started { break }
    await test.stop()
    #expect(test.server.connectionCount == 0)
    client.close()
  }
}
