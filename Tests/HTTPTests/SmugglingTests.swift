import HTTP
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Two readers of one stream of bytes must agree where a request ends; where they could not, it is refused.
@Suite struct SmugglingTests {
  /// A request that only a reader who is wrong about the first one's end sees.
  private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

  /// Fields that frame the body in a way that some reader takes for `chunked`, or for another length.
  private static let framings = [
    "Content-Length: 6\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 6",
    "Content-Length: 6\r\nTransfer-Encoding : chunked", "Content-Length: 6\r\nTransfer-Encoding\t: chunked",
    "Content-Length: 6\r\n Transfer-Encoding: chunked", "Content-Length: 6\r\nX: y\r\n Transfer-Encoding: chunked",
    "Content-Length: 6\r\nTransfer-Encoding: xchunked", "Content-Length: 6\r\nTransfer-Encoding: chunkedx",
    "Content-Length: 6\r\nTransfer-Encoding: \u{b}chunked", "Content-Length: 6\r\nTransfer-Encoding: chunked\u{c}",
    "Content-Length: 6\r\nTransfer-Encoding:\u{0}chunked", "Content-Length: 6\r\nTransfer-Encoding: \"chunked\"",
    "Content-Length: 6\r\nTransfer-Encoding: 'chunked'", "Content-Length: 6\r\nTransfer-Encoding: chunked, identity",
    "Content-Length: 6\r\nTransfer-Encoding: identity, chunked", "Content-Length: 6\r\nTransfer-Encoding: identity",
    "Content-Length: 6\r\nTransfer-Encoding: chunked;q=1", "Content-Length: 6\r\nTransfer-Encoding:\r\n chunked",
    "Content-Length: 6\nTransfer-Encoding: chunked", "Content-Length: 6\rTransfer-Encoding: chunked",
    "Content-Length: 6\r\nX: y\nTransfer-Encoding: chunked", "Content-Length: 6\r\nX: y\rTransfer-Encoding: chunked",
    "Content-Length: 6\r\nTransfer-Encoding: cow\r\nTransfer-Encoding: chunked",
    "Content-Length: 6\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow", "Content-Length: 6\r\nTransfer-Encoding:",
    "Content-Length: 6\r\nTransfer-Encoding: ", "Content-Length: 6\r\nContent-Length: 0", "Content-Length: 0\r\nContent-Length: 6",
    "Content-Length: 6, 0", "Content-Length: 0, 6", "Content-Length: 6\r\nContent-Length: 6", "Content-Length: +6",
    "Content-Length: 6;a", "Content-Length: 0x6", "Content-Length: 6\u{0}", "Content-Length : 6", "Content-Length: 6.0",
    "Content-Length: 6e0",
    "Content-Length: -6", "Content-Length: 18446744073709551622",
  ]

  /// The paths that the server took for requests, and the statuses it gave.
  private static func outcome(_ bytes: String) async throws -> (paths: [String], statuses: [Int]) {
    let paths = Mutex<[String]>([])
    let statuses = Mutex<[Int]>([])
    let handler: Handler = { request in
      paths.withLock { $0.append(request.path) }
      return await TestServer.echo(request)
    }
    try await TestServer.run(handler: handler) { test in
      let client = try test.client()
      try client.send(bytes)
      client.shutdownWriting()
      while let response = try? client.response() { statuses.withLock { $0.append(response.status) } }
    }
    return (paths.withLock { $0 }, statuses.withLock { $0 })
  }

  @Test(arguments: framings)
  func `an ambiguous length never lets a second request through`(_ fields: String) async throws {
    let (paths, statuses) = try await Self.outcome("POST /first HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n0\r\n\r\nX" + Self.smuggled)
    #expect(!paths.contains("/smuggled"))
    #expect(statuses == [400] || statuses == [501])
  }

  @Test(
    arguments: [
      "2\r\nabc\r\n0\r\n\r\n", "2\r\na\r\n0\r\n\r\n", "2\nab\r\n0\r\n\r\n", "2\r\nab\n0\r\n\r\n", "2 \r\nab\r\n0\r\n\r\n",
      " 2\r\nab\r\n0\r\n\r\n",
      "0x2\r\nab\r\n0\r\n\r\n", "2;\nGET /smuggled HTTP/1.1\r\n\r\nab\r\n0\r\n\r\n", "2;a=\nb\r\nab\r\n0\r\n\r\n",
      "2;a=\rb\r\nab\r\n0\r\n\r\n",
      "2\rab\r\n0\r\n\r\n", "10000000000000002\r\nab\r\n0\r\n\r\n", "-1\r\nab\r\n0\r\n\r\n", "2\r\r\nab\r\n0\r\n\r\n",
      "2\r\nab\r\n\r\n0\r\n\r\n",
      "2\r\nab\r\n0\r\nX: y\nZ: 1\r\n\r\n", "2\r\nab\r\n0\nX: y\r\n\r\n", "2\r\nab0\r\n\r\n",
    ])
  func `broken chunks end the connection before what follows them`(_ chunks: String) async throws {
    let request = "POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + Self.smuggled
    let (paths, statuses) = try await Self.outcome(request)
    #expect(!paths.contains("/smuggled"))
    #expect(statuses == [400])
  }

  @Test(arguments: [
    "Host: a\r\nHost: b", "Host: a, b", "Host: a\r\nHost : b", "Host: a\r\n b", "Host: a b", "Host: a\u{0}b", "Host: u@a", "",
  ])
  func `a request for two hosts, or none, is for nobody`(_ host: String) async throws {
    let (paths, statuses) = try await Self.outcome("GET /first HTTP/1.1\r\n\(host)\r\n\r\n")
    #expect(paths.isEmpty && statuses == [400])
  }

  @Test func `what follows a close is not read`() async throws {
    let (paths, statuses) = try await Self.outcome("GET /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + Self.smuggled)
    #expect(paths == ["/first"] && statuses == [200])
  }

  @Test func `what follows a request to HTTP 1.0 is not read`() async throws {
    let (paths, statuses) = try await Self.outcome("GET /first HTTP/1.0\r\n\r\n" + Self.smuggled)
    #expect(paths == ["/first"] && statuses == [200])
  }

  @Test func `an upgrade that is not known here is ignored`() async throws {
    let upgrade =
      "GET /first HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    let (paths, statuses) = try await Self.outcome(upgrade)
    #expect(paths == ["/first"] && statuses == [200])
  }
}
