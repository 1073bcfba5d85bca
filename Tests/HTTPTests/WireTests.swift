import HTTP
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// RFC 9110 and 9112 line by line, over a socket, against a server with routes.
@Suite struct WireTests {
  private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  /// A file-like root, an echo, and a route that never reads its body.
  private static let router: Router = {
    var router = Router(errorResponse: TestServer.errorResponse)
    router.on(.get, "/") { _ in Response(.ok, headerFields: [.contentType: "text/plain"], body: .bytes(Array("root".utf8))) }
    router.on(.post, "/echo", TestServer.echo)
    router.on(.post, "/deaf") { _ in Response(.ok) }
    return router
  }()

  private static func run(
    _ configuration: ServerConfiguration = ServerConfiguration(), _ work: @escaping @Sendable (TestServer) throws -> Void
  ) async throws {
    try await TestServer.run(configuration, handler: { await router.respond(to: $0) }, work)
  }

  private static func post(_ path: String, _ fields: String, _ body: String = "") -> String {
    "POST \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)"
  }

  private static func chunked(_ body: String) -> String { post("/echo", "Transfer-Encoding: chunked", body) }

  @Test(arguments: parserCases)
  func `the server answers what is valid, and refuses and closes at what is not`(_ sample: ParserCase) async throws {
    try await TestServer.run { test in
      let client = try test.client()
      try client.send(sample.input)
      let response = try client.response()
      #expect(response.status == sample.status ?? 200)
      guard sample.status != nil else { return }
      #expect(response["Connection"] == "close")
      #expect(try client.read().isEmpty)
    }
  }

  @Test func `a request cut in two at any octet gets the same answer`() async throws {
    try await Self.run { test in
      let request = Array((Self.chunked("5;x=\"y\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n") + Self.get).utf8)
      let client = try test.client()
      for cut in 1..<request.count {
        try client.send(Array(request[..<cut]))
        try client.send(Array(request[cut...]))
        #expect(try client.response().text == "POST /echo hello0123456789", "cut at \(cut)")
        #expect(try client.response().text == "root", "cut at \(cut)")
      }
    }
  }

  @Test func `a leading empty line, an absolute target and a later minor version are answered`() async throws {
    try await Self.run { test in
      let client = try test.client()
      let requests = [
        "\r\n" + Self.get, "GET http://b.example/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhOsT: a\r\nCONNECTION: keep-alive\r\n\r\n",
      ]
      for request in requests {
        try client.send(request)
        #expect(try client.response().statusLine == "HTTP/1.1 200 OK", "\(request)")
      }
    }
  }

  @Test func `OPTIONS tells the methods of the server and of a route without a body`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n")
      let server = try client.response()
      #expect(server.status == 204 && server["Allow"]?.contains("GET") == true && server["Content-Length"] == nil)
      #expect(try client.response()["Allow"] == "OPTIONS, POST")
    }
  }

  @Test func `a wrong method is 405 with Allow, an unknown one 501, an unknown path 404, and all three keep the connection`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send("DELETE / HTTP/1.1\r\nHost: a\r\n\r\nBREW / HTTP/1.1\r\nHost: a\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n")
      let wrong = try client.response()
      #expect(wrong.status == 405 && wrong["Allow"] == "GET, HEAD, OPTIONS")
      #expect(try client.response().status == 501)
      #expect(try client.response().status == 404)
      try client.send(Self.get)
      #expect(try client.response().status == 200)
    }
  }

  @Test func `HEAD has the fields of GET and no body, whether it is found or not`() async throws {
    try await Self.run { test in
      let client = try test.client()
      for path in ["/", "/no"] {
        try client.send(
          "GET \(path) HTTP/1.1\r\nHost: a\r\nX-Request-Id: b\r\n\r\nHEAD \(path) HTTP/1.1\r\nHost: a\r\nX-Request-Id: b\r\n\r\n")
        let get = try client.response()
        let head = try client.response(to: .head)
        #expect(head.status == get.status)
        #expect(head["Content-Length"] == String(get.body.count))
        #expect(head.fields.map(\.name) == get.fields.map(\.name))
      }
    }
  }

  @Test func `a range of a POST is ignored`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send(Self.post("/echo", "Range: bytes=0-1\r\nContent-Length: 2", "ab"))
      let response = try client.response()
      #expect(response.status == 200 && response.text == "POST /echo ab" && response["Content-Range"] == nil)
    }
  }

  @Test func `forbidden trailer fields change nothing`() async throws {
    try await Self.run { test in
      let client = try test.client()
      let trailers = ["Content-Length: 99", "Transfer-Encoding: gzip", "Host: b", "Authorization: Bearer x", "Content-Type: text/html"]
      for trailer in trailers {
        try client.send(Self.chunked("2\r\nab\r\n0\r\n\(trailer)\r\n\r\n"))
        let response = try client.response()
        #expect(response.status == 200 && response.text == "POST /echo ab" && response["Connection"] == nil, "\(trailer)")
      }
    }
  }

  @Test func `a GET with a body is answered, and its body is not taken for a request`() async throws {
    try await Self.run { test in
      let client = try test.client()
      let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
      try client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)" + Self.get)
      #expect(try client.response().text == "root")
      #expect(try client.response().text == "root")
      client.shutdownWriting()
      #expect(try client.read().isEmpty)
    }
  }

  @Test func `an unknown expectation is 417, and no body is waited for`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send(Self.post("/echo", "Expect: 200-maybe\r\nContent-Length: 10"))
      #expect(try client.response().status == 417)
    }
  }

  @Test func `a length over the limit is refused before 100 Continue`() async throws {
    var configuration = ServerConfiguration()
    configuration.limits.maximumRequestBytes = 1000
    try await Self.run(configuration) { test in
      let client = try test.client()
      try client.send(Self.post("/echo", "Expect: 100-continue\r\nX-Request-Id: mine\r\nContent-Length: 1001"))
      let response = try client.response()
      #expect(response.status == 413 && response["X-Request-Id"] == "mine")
      #expect(try client.read().isEmpty)
    }
  }

  @Test func `HTTP 1.0 is never told to continue`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab")
      #expect(try client.response().text == "POST /echo ab")
    }
  }

  @Test func `a refusal carries its own request's identifier, not the one before`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: first\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: second\r\nHost: b\r\n\r\n")
      #expect(try client.response()["X-Request-Id"] == "first")
      let refused = try client.response()
      #expect(refused.status == 400 && refused["X-Request-Id"] == "second")
    }
  }

  @Test func `requests before a broken one are answered, those after it are not`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send(Self.get + Self.get + "broken\r\n\r\n" + Self.get)
      #expect(try client.response().status == 200)
      #expect(try client.response().status == 200)
      #expect(try client.response().status == 400)
      #expect(try client.read().isEmpty)
    }
  }

  @Test func `each limit has its status`() async throws {
    var configuration = ServerConfiguration()
    configuration.limits.requestLineBytes = 100
    configuration.limits.headerBytes = 200
    configuration.limits.headerFields = 5
    configuration.limits.maximumRequestBytes = 100
    configuration.limits.chunkExtensionBytes = 50
    configuration.limits.chunks = 4
    configuration.limits.leadingEmptyLines = 1
    let limited = configuration
    let samples: [(String, Int)] = [
      ("GET /" + String(repeating: "a", count: 100) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
      (Self.post("/echo", "X: " + String(repeating: "a", count: 200)), 431),
      (Self.post("/echo", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1"), 431), (Self.post("/echo", "Content-Length: 101"), 413),
      (Self.chunked("65\r\n"), 413), (Self.chunked("1;a=" + String(repeating: "b", count: 60) + "\r\n"), 400),
      (Self.chunked(String(repeating: "1\r\nx\r\n", count: 5)), 400),
      (Self.chunked("0\r\nX: " + String(repeating: "a", count: 200) + "\r\n\r\n"), 431), ("\r\n\r\n" + Self.get, 400),
    ]
    try await Self.run(limited) { test in
      for (request, status) in samples {
        let client = try test.client()
        try client.send(request)
        #expect(try client.response().status == status, "\(request)")
        #expect(try client.read().isEmpty)
      }
    }
  }

  @Test func `a head that never ends is refused after its limit, not after its end`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 40_000))
      #expect(try client.response().status == 431)
    }
  }

  @Test func `a body of more than 65,536 tiny chunks is refused, one of as many that are not is taken`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send(Self.chunked(String(repeating: "1\r\nx\r\n", count: 70_000)))
      #expect(try client.response().status == 400)
      let honest = try test.client()
      try honest.send(Self.chunked(String(repeating: "100\r\n" + String(repeating: "x", count: 256) + "\r\n", count: 70_000) + "0\r\n\r\n"))
      #expect(try honest.response().body.count == 70_000 * 256 + "POST /echo ".utf8.count)
    }
  }

  @Test func `HTTP 2 is told apart and refused`() async throws {
    try await Self.run { test in
      let client = try test.client()
      try client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      #expect(try client.response().status == 505)
    }
  }

  @Test func `a client that resets while it is sent to does not end the process`() async throws {
    let body = [UInt8](repeating: 0, count: 20_000_000)
    try await TestServer.run(handler: { _ in Response(.ok, body: .bytes(body)) }) { test in
      for _ in 0..<20 {
        let client = try test.client()
        try client.send(Self.get)
        _ = try client.read()
        client.reset()
      }
      let client = try test.client()
      try client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.response(to: .head).status == 200)
    }
  }

  @Test func `a client that left halfway through its body leaves nothing behind`() async throws {
    let outcomes = AsyncStream.makeStream(of: String.self)
    let handler: Handler = { request in
      do throws(RequestBodyError) {
        let first = try await request.body.nextChunk()
        outcomes.continuation.yield(String(decoding: first ?? [], as: UTF8.self))
        _ = try await request.body.nextChunk()
        outcomes.continuation.yield("whole")
      } catch { outcomes.continuation.yield("\(error)") }
      return Response(.ok)
    }
    let test = try TestServer(handler: handler)
    var seen = outcomes.stream.makeAsyncIterator()
    for isReset in [false, true] {
      let client = try test.client()
      try client.send(Self.post("/echo", "Content-Length: 10", "123"))
      #expect(await seen.next() == "123")
      if isReset { client.reset() } else { client.close() }
      #expect(await seen.next() == "the request's body ended before its declared end")
    }
    await test.stop()
    #expect(test.server.connectionCount == 0)
  }
}
