import HTTP
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite struct ServerTests {
  private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test func `keeps a connection for many requests`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      for index in 0..<10 {
        try client.send("POST /n HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\(index)")
        let response = try client.response()
        #expect(response.status == 200)
        #expect(response.text == "POST /n \(index)")
        #expect(response["Connection"] == nil)
      }
      #expect(test.server.connectionCount == 1)
    }
  }

  @Test func `answers pipelined requests in their order`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      let paths = (0..<50).map { "/\($0)" }
      try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
      for path in paths { #expect(try client.response().text == "GET \(path) ") }
    }
  }

  @Test func `answers a request that arrives octet by octet`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      for byte in "POST /a?b=c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8 {
        try client.send([byte])
      }
      #expect(try client.response().text == "POST /a abc")
    }
  }

  @Test func `every response has a date, a length and the request's identifier`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: my-id.1\r\n\r\n")
      let response = try client.response()
      #expect(response["X-Request-Id"] == "my-id.1")
      #expect(response["Content-Length"] == "6")
      #expect(response["Date"]?.hasSuffix(" GMT") == true && response["Date"]?.count == 29)
      try client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: not sane\r\n\r\n")
      #expect(try client.response()["X-Request-Id"]?.count == 32)
    }
  }

  @Test func `HEAD has the fields of GET and no body`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get)
      let head = try client.response(to: .head)
      #expect(head["Content-Length"] == "11")
      #expect(try client.response().text == "GET / ")
    }
  }

  @Test func `a 204 and a 304 have neither body nor length`() async throws {
    let handler: Handler = { request in
      Response(request.path == "/204" ? .noContent : .notModified, body: .bytes([1, 2, 3]))
    }
    try await TestServer.run(handler: handler) { test in
      let client = try test.client()
      for path in ["/204", "/304"] {
        try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try client.response()
        #expect(path.hasSuffix(String(response.status)))
        #expect(response["Content-Length"] == nil && response["Transfer-Encoding"] == nil)
      }
    }
  }

  @Test func `says 100 Continue when the handler reads, and not before`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
      #expect(try client.response().status == 100)
      try client.send("ok")
      #expect(try client.response().text == "POST / ok")
    }
  }

  @Test func `a body that the handler does not want is not asked for`() async throws {
    try await TestServer.run(handler: { _ in Response(.forbidden) }) { test in
      let client = try test.client()
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
      let response = try client.response()
      #expect(response.status == 403 && response["Connection"] == "close")
      #expect(try client.read().isEmpty)
    }
  }

  @Test func `a client that sends a body which is too large reads the 413`() async throws {
    var configuration = ServerConfiguration()
    configuration.limits.maximumRequestBytes = 1000
    try await TestServer.run(configuration) { test in
      let client = try test.client()
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
      try client.send([UInt8](repeating: 7, count: 20_000_000))
      let response = try client.response()
      #expect(response.status == 413 && response["Connection"] == "close")
      #expect(response.text.contains("1000 bytes"))
    }
  }

  @Test func `a chunked body that grows too large is answered with 413`() async throws {
    var configuration = ServerConfiguration()
    configuration.limits.maximumRequestBytes = 1000
    try await TestServer.run(configuration) { test in
      let client = try test.client()
      let chunk = "200\r\n" + String(repeating: "x", count: 512) + "\r\n"
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk)
      #expect(try client.response().status == 413)
    }
  }

  @Test func `a client that has half closed reads its answer`() async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send(Self.get + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
      client.shutdownWriting()
      #expect(try client.response().text == "GET / ")
      #expect(try client.response().text == "GET /2 ")
      #expect(try client.read().isEmpty)
    }
  }

  @Test func `a reset cancels the handler`() async throws {
    let (events, seen) = AsyncStream.makeStream(of: String.self)
    let handler: Handler = { _ in
      seen.yield("started")
      await withTaskCancellationHandler {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
          Task {
            while !Task.isCancelled, continuationIsOpen.load(ordering: .relaxed) { await Task.yield() }
            continuation.resume()
          }
        }
      } onCancel: {
        seen.yield("cancelled")
        continuationIsOpen.store(false, ordering: .relaxed)
      }
      return Response(.ok)
    }
    let test = try TestServer(handler: handler)
    let client = try test.client()
    try client.send(Self.get)
    var iterator = events.makeAsyncIterator()
    #expect(await iterator.next() == "started")
    client.reset()
    #expect(await iterator.next() == "cancelled")
    await test.stop()
  }

  @Test func `a short unread body is skipped and the connection kept, a long one closes it`() async throws {
    try await TestServer.run(handler: { _ in Response(.ok) }) { test in
      let client = try test.client()
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789" + Self.get)
      #expect(try client.response()["Connection"] == nil)
      #expect(try client.response().status == 200)
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
      #expect(try client.response()["Connection"] == "close")
      try client.send([UInt8](repeating: 0, count: 1_000_000))
      #expect(try client.read().isEmpty)
    }
  }

  @Test func `HTTP 1.0 and Connection close end the connection`() async throws {
    try await TestServer.run { test in
      for request in ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] {
        let client = try test.client()
        try client.send(request)
        #expect(try client.response()["Connection"] == "close")
        #expect(try client.read().isEmpty)
      }
    }
  }

  @Test func `a stream is chunked, to HTTP 1.0 it ends with the connection`() async throws {
    let handler: Handler = { _ in
      let left = Mutex(3)
      return Response(
        .ok,
        body: .stream {
          left.withLock { left in
            left -= 1
            return left < 0 ? nil : Array("part\(left) ".utf8)
          }
        })
    }
    try await TestServer.run(handler: handler) { test in
      let client = try test.client()
      try client.send(Self.get)
      let response = try client.response()
      #expect(response["Transfer-Encoding"] == "chunked" && response.text == "part2 part1 part0 ")
      let old = try test.client()
      try old.send("GET / HTTP/1.0\r\n\r\n")
      let oldResponse = try old.response()
      #expect(oldResponse["Transfer-Encoding"] == nil && oldResponse.text == "part2 part1 part0 ")
    }
  }

  @Test func `a stream waits for a client that does not read`() async throws {
    let yielded = Atomic(0)
    let piece = [UInt8](repeating: 1, count: 64 * 1024)
    let pieces = 1000
    let handler: Handler = { _ in
      Response(.ok, body: .stream { yielded.wrappingAdd(1, ordering: .relaxed).newValue > pieces ? nil : piece })
    }
    try await TestServer.run(handler: handler) { test in
      let client = try test.client()
      try client.send(Self.get)
      _ = try client.read()
      #expect(yielded.load(ordering: .relaxed) < pieces)
    }
  }

  @Test func `a large response arrives whole`() async throws {
    let body = (0..<30_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try await TestServer.run(handler: { _ in Response(.ok, body: .bytes(body)) }) { test in
      let client = try test.client()
      try client.send(Self.get)
      #expect(try client.response().body == body)
    }
  }

  @Test func `a large request arrives whole at a handler that reads it slowly`() async throws {
    let handler: Handler = { request in
      var count = 0
      while let chunk = try? await request.body.nextChunk() {
        count += chunk.count
        await Task.yield()
      }
      return Response(.ok, body: .bytes(Array(String(count).utf8)))
    }
    try await TestServer.run(handler: handler) { test in
      let client = try test.client()
      try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000000\r\n\r\n")
      try client.send([UInt8](repeating: 9, count: 30_000_000))
      #expect(try client.response().text == "30000000")
    }
  }

  @Test func `further clients wait while there are as many connections as allowed`() async throws {
    var configuration = ServerConfiguration()
    configuration.maximumConnections = 1
    try await TestServer.run(configuration) { test in
      let first = try test.client()
      try first.send(Self.get)
      _ = try first.response()
      let second = try test.client()
      try second.send(Self.get)
      second.setTimeout(milliseconds: 50)
      #expect(throws: LoopbackClient.Failure.self) { try second.read() }
      first.close()
      second.setTimeout(milliseconds: 10_000)
      #expect(try second.response().status == 200)
    }
  }

  @Test func `a port that is taken is an error with a sentence`() async throws {
    try await TestServer.run { test in
      var configuration = ServerConfiguration()
      configuration.port = test.port
      let second = Server(configuration: configuration, handler: TestServer.echo, errorResponse: TestServer.errorResponse)
      #expect(throws: ServerError.self) { try second.start() }
    }
  }
}

private let continuationIsOpen = Atomic(true)
