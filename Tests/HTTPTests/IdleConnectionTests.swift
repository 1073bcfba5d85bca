import Foundation
import HTTP
import TestSupport
import Testing

@Suite struct IdleConnectionTests {
  private static let get = "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: a client of usual length/1.0\r\nAccept: */*\r\n\r\n"

  /// Bytes of memory that the process holds (proc(5), statm).
  private static func resident() throws -> Int {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
    return try #require(Int(pages)) * Int(getpagesize())
  }

  /// Opens connections, has each answered once, and leaves them open.
  private static func idle(_ count: Int, _ test: TestServer) throws -> [LoopbackClient] {
    try (0..<count).map { _ in
      let client = try test.client()
      try client.send(get)
      #expect(try client.response().status == 200)
      return client
    }
  }

  @Test func `a kept connection without a request costs less than 8 KiB of memory`() async throws {
    try await TestServer.run { test in
      let first = try Self.idle(50, test)  // what is set up once
      let before = try Self.resident()
      let count = 1000
      let more = try Self.idle(count, test)
      let each = (try Self.resident() - before) / count
      print("a kept connection costs \(each) bytes, its client's end among them")
      #expect(each < 8 * 1024)
      #expect(test.server.connectionCount == first.count + more.count)
    }
  }

  @Test func `a thousand idle connections do not keep a new client waiting`() async throws {
    var configuration = ServerConfiguration()
    configuration.timeouts.idle = .seconds(3600)
    try await TestServer.run(configuration) { test in
      let idle = try Self.idle(1000, test)
      for _ in 0..<20 { test.clock.advance(by: .seconds(1)) }
      let client = try test.client()
      try client.send(Self.get)
      #expect(try client.response().status == 200)
      try idle[999].send(Self.get)
      #expect(try idle[999].response().status == 200)
    }
  }
}
