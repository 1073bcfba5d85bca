import HTTP
import HTTPTypes
import Testing

@testable import Service

/// The same bodies in memory and over loopback.
@Suite struct TransportTests {
  private let body = Arrays.floats(count: 2, rows: 2, columns: 3) { Float($0 * 10 + $1) }

  @Test(arguments: Transport.allCases)
  func `answers a map`(transport: Transport) async throws {
    let harness = await Harness(over: transport)
    let reply = try await harness.send(.post, "/predict-loss", body: body)
    #expect(reply.status == 200)
    #expect(reply.head.headerFields[.contentType] == "application/json")
    #expect(reply.text.contains(#""predicted_loss":[[10.0,11.0,12.0],[13.0,14.0,15.0]]"#))
    await harness.application.drain()
  }

  @Test(arguments: Transport.allCases)
  func `answers a problem`(transport: Transport) async throws {
    let harness = await Harness(over: transport)
    let reply = try await harness.send(.get, "/mask?alfa=1")
    #expect(reply.status == 400)
    #expect(reply.head.headerFields[.contentType] == "application/problem+json")
    #expect(try reply.json()["parameter"] as? String == "alfa")
    await harness.application.drain()
  }

  @Test(arguments: Transport.allCases)
  func `refuses a body over the limit and names the flag`(transport: Transport) async throws {
    let harness = await Harness(over: transport) { $0.maximumRequestBytes = 2000 }
    let reply = try await harness.send(.post, "/mask", body: body)
    #expect(reply.status == 413)
    #expect(try reply.json()["detail"] as? String == "The request's body is longer than the 2000 bytes that --max-request-bytes allows.")
    await harness.application.drain()
  }

  @Test(arguments: Transport.allCases)
  func `answers 304 to a client that has the answer`(transport: Transport) async throws {
    let harness = await Harness(over: transport)
    let tag = try #require(try await harness.send(.get, "/mask").head.headerFields[.eTag])
    let reply = try await harness.send(.get, "/mask", [.ifNoneMatch: tag])
    #expect(reply.status == 304)
    #expect(reply.body.isEmpty)
    await harness.application.drain()
  }

  @Test(arguments: Transport.allCases)
  func `says it is not ready once it drains`(transport: Transport) async throws {
    let harness = await Harness(over: transport)
    harness.application.readiness.drain()
    #expect(try await harness.send(.get, "/health/ready").status == 503)
    await harness.application.drain()
  }

  @Test func `carries the client's request id back`() async throws {
    let harness = await Harness(over: .loopback)
    let name = try #require(HTTPField.Name("X-Request-Id"))
    #expect(try await harness.send(.get, "/health/live", [name: "abc-1"]).head.headerFields[name] == "abc-1")
    await harness.application.drain()
  }

  @Test func `keeps the limits and time-outs that it was told`() async throws {
    let harness = await Harness(over: .loopback) {
      $0.limits.headerFields = 3
      $0.compression.minimumBytes = 10
    }
    #expect(try await harness.send(.get, "/health/live", [.accept: "*/*", .acceptLanguage: "en"]).status == 431)
    #expect(try await harness.send(.get, "/health/live", [.acceptEncoding: "gzip"]).head.headerFields[.contentEncoding] == "gzip")
    await harness.application.drain()
  }

  @Test func `does not start with a certificate that is not there, and names its options`() async {
    let harness = await Harness { ($0.tlsCertificate, $0.tlsKey) = ("/nowhere/certificate.pem", "/nowhere/key.pem") }
    #expect {
      try harness.application.start()
    } throws: { error in
      "\(error)".contains("/nowhere/certificate.pem") && "\(error)".contains("--tls-certificate")
    }
    #expect(throws: (any Error).self) { try harness.application.checkCertificate() }
  }

  @Test func `answers nothing any more after it has drained`() async throws {
    let harness = await Harness(over: .loopback)
    await harness.application.drain()
    await #expect(throws: (any Error).self) { try await harness.send(.get, "/health/live") }
  }
}
