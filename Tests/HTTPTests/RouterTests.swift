import HTTP
import HTTPTypes
import Synchronization
import Testing

@Suite struct RouterTests {
  private static func router(middleware: Router.Middleware? = nil) -> Router {
    var router = Router(errorResponse: TestServer.errorResponse, middleware: middleware)
    func say(_ word: String) -> Handler {
      { request in Response(.ok, headerFields: [.init("X-Word")!: word + (request.parameters["name"] ?? request.parameters["path"] ?? "")])
      }
    }
    router.on(.get, "/", say("root"))
    router.on(.get, "/models/{name}", say("model "))
    router.on(.delete, "/models/{name}", say("delete "))
    router.on(.post, "/models/stats", say("stats"))
    router.on(.get, "/files/{path...}", say("file "))
    return router
  }

  private static func word(_ method: HTTPRequest.Method, _ target: String) async throws -> (Int, String?) {
    let response = await router().respond(to: try Request(method, target))
    return (response.status, response.head.headerFields[.init("X-Word")!])
  }

  @Test func `chooses by method and path, literals before parameters`() async throws {
    #expect(try await Self.word(.get, "/") == (200, "root"))
    #expect(try await Self.word(.get, "/models/a%2Fb?x=1") == (200, "model a/b"))
    #expect(try await Self.word(.head, "/models/a") == (200, "model a"))
    #expect(try await Self.word(.delete, "/models/a") == (200, "delete a"))
    #expect(try await Self.word(.post, "/models/stats") == (200, "stats"))
    #expect(try await Self.word(.get, "/files/a/b/c") == (200, "file a/b/c"))
  }

  @Test func `an unknown path is 404 and an unknown method 501`() async throws {
    for target in ["/nothing", "/models", "/models/", "/models/a/b", "//"] { #expect(try await Self.word(.get, target).0 == 404) }
    #expect(try await Self.word(.init("BREW")!, "/").0 == 501)
  }

  @Test func `another method is 405 with Allow, and OPTIONS tells the same`() async throws {
    let refused = await Self.router().respond(to: try Request(.put, "/models/a"))
    #expect(refused.status == 405 && refused.head.headerFields[.allow] == "DELETE, GET, HEAD, OPTIONS")
    let options = await Self.router().respond(to: try Request(.options, "/models/a"))
    #expect(options.status == 204 && options.head.headerFields[.allow] == "DELETE, GET, HEAD, OPTIONS")
    let all = await Self.router().respond(to: try Request(.options, "*"))
    #expect(all.head.headerFields[.allow]?.contains("PUT") == true)
  }

  @Test func `the middleware sees the template, not the path`() async throws {
    let seen = Mutex<[String?]>([])
    let router = Self.router { request, handler in
      seen.withLock { $0.append(request.template) }
      return await handler(request)
    }
    for target in ["/models/a", "/files/x/y", "/nothing"] { _ = await router.respond(to: try Request(.get, target)) }
    #expect(seen.withLock { $0 } == ["/models/{name}", "/files/{path...}", nil])
  }
}

extension Response {
  var status: Int { head.status.code }
}
