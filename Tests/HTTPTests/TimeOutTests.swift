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
      for _ in 0..<20 {
        test.clock.advance(by: .seconds(31))
        let other = try test.client()  // its answer shows that the server has had time to see the clock
        try other.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        _ = try other.read()
      }
      while let bytes = try? stalled.read(), !bytes.isEmpty { received += bytes.count }
      #expect(received < body.count)
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
    #expect(response.text == "late" && response["Connection"] == "close")
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
