import HTTPTypes
import Testing

@testable import Service

@Suite struct CrossOriginTests {
  private let page = "https://page.example"

  private func harness(_ origins: [String]) async -> Harness { await Harness { $0.allowedOrigins = origins } }

  @Test func `says nothing to other sites by default`() async throws {
    let reply = try await harness([]).send(.get, "/mask", [.origin: page])
    #expect(reply.status == 200 && reply.head.headerFields[.accessControlAllowOrigin] == nil)
    #expect(reply.head.headerFields[.vary] == "Accept")
  }

  @Test func `lets a page of an allowed origin read answers, problems among them`() async throws {
    let harness = await harness(["https://other.example", page])
    for target in ["/mask", "/mask?alfa=1", "/nothing"] {
      let fields = try await harness.send(.get, target, [.origin: page]).head.headerFields
      #expect(fields[.accessControlAllowOrigin] == page)
      #expect(fields[.accessControlExposeHeaders]?.contains("Server-Timing") == true)
      #expect(fields[.vary]?.hasSuffix("Origin") == true)
    }
    #expect(try await harness.send(.get, "/mask").head.headerFields[.vary] == "Accept, Origin")
  }

  @Test(arguments: ["https://page.example.evil", "http://page.example", "https://page.example:8443", "null"])
  func `says nothing to any other`(origin: String) async throws {
    let fields = try await harness([page]).send(.get, "/mask", [.origin: origin]).head.headerFields
    #expect(fields[.accessControlAllowOrigin] == nil && fields[.accessControlExposeHeaders] == nil)
    #expect(fields[.vary] == "Accept, Origin", "a cache must not give this answer to the allowed one")
  }

  @Test func `answers the question before a request with what the route knows`() async throws {
    let harness = await harness([page])
    let asked: HTTPFields = [.origin: page, .accessControlRequestMethod: "POST", .accessControlRequestHeaders: "authorization"]
    let reply = try await harness.send(.options, "/mask", asked)
    #expect(reply.status == 204)
    #expect(reply.head.headerFields[.accessControlAllowMethods] == "GET, HEAD, OPTIONS, POST")
    #expect(reply.head.headerFields[.accessControlAllowHeaders]?.contains("Authorization") == true)
    #expect(reply.head.headerFields[.accessControlMaxAge] == "600")
    let foreign = try await harness.send(.options, "/mask", [.origin: "https://evil.example", .accessControlRequestMethod: "POST"])
    #expect(foreign.head.headerFields[.accessControlAllowMethods] == nil)
  }

  @Test func `the star is every origin, and one answer for all`() async throws {
    let fields = try await harness(["*"]).send(.get, "/mask", [.origin: page]).head.headerFields
    #expect(fields[.accessControlAllowOrigin] == "*" && fields[.vary] == "Accept")
  }

  @Test(arguments: [
    ("https://a.example", ["https://a.example"]),
    ("https://A.example:8443, http://[::1]:3000", ["https://a.example:8443", "http://[::1]:3000"]),
    ("*", ["*"]),
  ])
  func `origins are read`(text: String, origins: [String]) { #expect(CrossOriginPolicy.origins(text) == origins) }

  @Test(arguments: [
    "", "a.example", "https://", "https://a.example/", "https://a.example/page", "https://a.example,", "ftp://a.example", "null",
  ])
  func `what is no origin is refused`(text: String) { #expect(CrossOriginPolicy.origins(text) == nil) }
}
