import HTTP
import HTTPTypes
import TestSupport

/// A running server for one test.
struct TestServer {
  static let errorResponse: ErrorResponse = { error in
    Response(error.status, headerFields: [.contentType: "text/plain"], body: .bytes(Array(error.detail.utf8)))
  }

  /// Answers with method, path and body.
  static let echo: Handler = { request in
    do throws(RequestBodyError) {
      let body = try await request.body.collect(upTo: 1 << 30)
      let head = "\(request.head.method.rawValue) \(request.path) "
      return Response(.ok, body: .bytes(Array(head.utf8) + body))
    } catch {
      return Response(.badRequest, body: .bytes(Array(error.description.utf8)))
    }
  }

  let server: Server
  let clock = ManualClock()
  let port: Int

  init(_ configuration: ServerConfiguration = ServerConfiguration(), handler: @escaping Handler = TestServer.echo) throws {
    server = Server(configuration: configuration, clock: clock, handler: handler, errorResponse: Self.errorResponse)
    port = try server.start()
  }

  /// Runs blocking work against a server, and stops it.
  static func run(
    _ configuration: ServerConfiguration = ServerConfiguration(), handler: @escaping Handler = TestServer.echo,
    _ work: @escaping @Sendable (TestServer) throws -> Void
  ) async throws {
    let test = try TestServer(configuration, handler: handler)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await withBlockingThread { try work(test) })
    } catch { outcome = .failure(error) }
    await test.stop()
    try outcome.get()
  }

  /// Stops the server; what does not end by itself is cut when the clock is moved past the deadline.
  func stop() async {
    async let stopped: Void = server.stop(within: .seconds(1))
    while server.connectionCount > 0 {
      clock.advance(by: .seconds(1))
      await Task.yield()
    }
    await stopped
  }

  func client() throws -> LoopbackClient { try LoopbackClient(port: port) }

  /// Moves the clock until the client hears something; the server may not have seen the client's bytes at the first move.
  func advance(by interval: Duration, until client: LoopbackClient) throws -> [UInt8] {
    client.setTimeout(milliseconds: 50)
    for _ in 0..<400 {
      clock.advance(by: interval)
      if let bytes = try? client.read() { return bytes }
    }
    throw LoopbackClient.Failure("the server has said nothing")
  }
}
