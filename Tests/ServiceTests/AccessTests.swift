import HTTP
import HTTPTypes
import Testing

@testable import Service

/// Who reaches what, over the routes as they are.
@Suite struct AccessTests {
  private static let open = ["/health/live", "/health/ready", "/metrics", "/problems", "/problems/loading", "/"]
  private static let inference: [(HTTPRequest.Method, String)] = [
    (.get, "/mask"), (.head, "/mask"), (.post, "/mask"), (.post, "/predict-loss"), (.post, "/reconstruct"),
  ]

  private func withKeys(_ body: (Harness, _ sent: (String, Set<AccessRight>) throws -> HTTPFields) async throws -> Void) async throws {
    try await KeyFiles.withPath { path in
      _ = try KeyFiles.add("first", [.infer], to: path)
      let harness = await Harness(keys: try KeyRing(KeyFile(path), logger: TestLog().logger))
      try await body(harness) { name, rights in [.authorization: try KeyFiles.add(name, rights, to: path)] }
    }
  }

  @Test func `with keys, nothing but what is open answers without one`() async throws {
    try await withKeys { harness, _ in
      for (method, target) in Self.inference + [(.get, "/models"), (.get, "/models/brightness")] {
        let reply = try await harness.send(method, target, body: [1])
        #expect(reply.status == 401, "\(method) \(target)")
        #expect(reply.head.headerFields[.wwwAuthenticate] == #"Bearer realm="hpm""#)
        #expect(reply.head.headerFields[.contentType] == "application/problem+json")
      }
      for target in Self.open where target != "/" { #expect(try await harness.send(.get, target).status == 200, "\(target)") }
    }
  }

  @Test func `with keys, each right opens its own routes`() async throws {
    try await withKeys { harness, sent in
      let (infer, jobs) = (try sent("infer", [.infer]), try sent("jobs", [.jobs]))
      #expect(try await harness.send(.get, "/mask", infer).status == 200)
      #expect(try await harness.send(.get, "/models", infer).status == 200)
      #expect(try await harness.send(.get, "/models", jobs).status == 200, "any key lists the models")
      for (method, target) in Self.inference {
        let reply = try await harness.send(method, target, jobs, body: [1])
        #expect(reply.status == 403, "\(method) \(target)")
        #expect(reply.head.headerFields[.wwwAuthenticate] == #"Bearer realm="hpm", error="insufficient_scope""#)
        #expect(try reply.problem() == "right-needed")
        #expect(try reply.json()["detail"] as? String == #"This route needs the right "infer", and the key jobs has jobs."#)
      }
    }
  }

  @Test func `a key that is not known is told so`() async throws {
    try await withKeys { harness, _ in
      let reply = try await harness.send(.get, "/mask", [.authorization: "Bearer hpm_first_\(String(repeating: "0", count: 64))"])
      #expect(reply.status == 401)
      #expect(reply.head.headerFields[.wwwAuthenticate] == #"Bearer realm="hpm", error="invalid_token""#)
    }
  }

  @Test func `a key whose requests a minute are used up waits`() async throws {
    try await KeyFiles.withPath { path in
      let fields: HTTPFields = [.authorization: try KeyFiles.add("ci", [.infer], requestsPerMinute: 2, to: path)]
      let clock = ManualClock()
      let harness = await Harness(keys: try KeyRing(KeyFile(path), logger: TestLog().logger, now: { clock.now }))
      for _ in 0..<2 { #expect(try await harness.send(.get, "/mask", fields).status == 200) }
      let reply = try await harness.send(.get, "/mask", fields)
      #expect(reply.status == 429 && reply.head.headerFields[.retryAfter] == "30")
      #expect(try reply.problem() == "key-rate-exceeded")
      #expect(try await harness.send(.get, "/health/live", fields).status == 200, "what needs no key costs none of its requests")
    }
  }

  @Test func `the log names the key, and never what was sent`() async throws {
    try await KeyFiles.withPath { path in
      let log = TestLog()
      let sent = try KeyFiles.add("ci", [.infer], to: path)
      let harness = await Harness(keys: try KeyRing(KeyFile(path), logger: log.logger), log: log)
      _ = try await harness.send(.get, "/mask", [.authorization: sent])
      #expect(try log.records("request").first?["key"] as? String == "ci")
      let secret = try #require(sent.split(separator: "_").last)
      #expect(!log.lines.joined().contains(secret))
    }
  }

  @Test func `what came with one key is found with that key alone`() async throws {
    try await withKeys { harness, sent in
      let (mine, other) = (try sent("mine", [.infer]), try sent("other", [.infer]))
      let image = Pictures.png(rows: 4, columns: 4) { UInt8($0) }
      let id = try #require(try await harness.send(.post, "/predict-loss", mine, body: image).json()["id"] as? String)
      #expect(try await harness.send(.get, "/mask?image=\(id)", mine).status == 200)
      #expect(try await harness.send(.get, "/mask?image=\(id)", other).problem() == "unknown-image")
    }
  }
}

/// Who may write where there are no keys.
@Suite struct KeylessWritingTests {
  private static let cases: [(host: String, authority: String?, fields: HTTPFields, isAdmitted: Bool)] = {
    let (origin, site) = (HTTPField.Name.origin, HTTPField.Name.fetchSite)
    return [
      ("127.0.0.1", "localhost:8080", [:], true), ("127.0.0.1", "LOCALHOST", [:], true), ("localhost", "127.0.0.1:1", [:], true),
      ("::1", "[::1]:8080", [:], true), ("127.9.0.1", "localhost", [:], true),
      // Others reach the port, whatever they call it: also a port that is forwarded into a container.
      ("0.0.0.0", "localhost:8080", [:], false), ("::", "[::1]", [:], false), ("192.168.1.2", "localhost", [:], false),
      ("127.0.0.1.example.org", "localhost", [:], false), ("hpm.example.org", "localhost", [:], false),
      ("127.0.0", "localhost", [:], false),
      // A name that was made to lead here (DNS rebinding).
      ("127.0.0.1", "evil.example:8080", [:], false), ("127.0.0.1", "localhost.evil.example", [:], false), ("127.0.0.1", nil, [:], false),
      ("127.0.0.1", "127.0.0.1.nip.io", [:], false), ("127.0.0.1", "localhost:", [:], true), ("127.0.0.1", "localhost.:80", [:], false),
      ("127.0.0.1", "127.0.0.2", [:], false), ("127.0.0.1", "", [:], false), ("127.0.0.1", "localhost:80@evil", [:], false),
      // A page of another site, of this one, of none.
      ("127.0.0.1", "localhost:8080", [origin: "http://localhost:8080"], true),
      ("127.0.0.1", "localhost:8080", [origin: "http://localhost:3000"], false),
      ("127.0.0.1", "localhost:8080", [origin: "https://evil.example"], false), ("127.0.0.1", "localhost", [origin: "null"], false),
      ("127.0.0.1", "localhost:8080", [origin: "http://localhost:8080.evil.example"], false),
      ("127.0.0.1", "localhost:8080", [origin: "http://localhost:8080", site: "same-origin"], true),
      ("127.0.0.1", "localhost:8080", [site: "none"], true), ("127.0.0.1", "localhost:8080", [site: "cross-site"], false),
      ("127.0.0.1", "localhost:8080", [site: "same-site"], false), ("127.0.0.1", "localhost:8080", [site: "cross-site, none"], false),
    ]
  }()

  private func problem(_ index: Int, _ permission: Permission) throws -> Problem? {
    let (host, authority, fields, _) = Self.cases[index]
    let head = HTTPRequest(method: .post, scheme: "http", authority: authority, path: "/jobs", headerFields: fields)
    let request = try Request(head: head)
    do throws(Problem) {
      try Gatekeeper(keys: nil, host: host).admit(request, permission)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: cases.indices)
  func `only this machine, by its own name, from no other site's page`(index: Int) throws {
    let found = try problem(index, .writes(.jobs))
    #expect((found == nil) == Self.cases[index].isAdmitted, "\(Self.cases[index])")
    guard let found else { return }
    #expect(found.kind == .localWritesOnly && found.kind.status == 403)
    #expect(found.detail.contains("hpm keys add NAME --rights jobs --keys FILE"))
  }

  @Test(arguments: cases.indices)
  func `what changes nothing is open to all`(index: Int) throws {
    for permission in [Permission.everyone, .anyKey, .reads(.infer), .reads(.jobs)] { #expect(try problem(index, permission) == nil) }
  }

  @Test func `a route that writes is not reached, and one that reads is`() async throws {
    let gatekeeper = Gatekeeper(keys: nil, host: "127.0.0.1")
    let bare = Router(errorResponse: ServiceRoutes.refusal)
    var router = GuardedRouter(bare, gatekeeper: gatekeeper, metrics: ServiceMetrics())
    router.on(.get, "/things", for: .reads(.jobs)) { _ in Response(.ok) }
    router.on(.post, "/things", for: .writes(.jobs)) { _ in Response(.created) }
    let foreign: HTTPFields = [.origin: "https://evil.example"]
    #expect(await router.router.respond(to: try Request(.get, "/things", headerFields: foreign)).head.status == .ok)
    #expect(await router.router.respond(to: try Request(.post, "/things")).head.status == .created)
    let refused = await router.router.respond(to: try Request(.post, "/things", headerFields: foreign))
    #expect(refused.head.status == .forbidden && refused.head.headerFields[.contentType] == "application/problem+json")
  }
}
