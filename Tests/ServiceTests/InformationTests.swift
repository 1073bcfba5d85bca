import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Service

@Suite struct HealthTests {
  @Test func `is live while it is anything`() async throws {
    let harness = await Harness([])
    #expect(try await harness.send(.get, "/health/live").text == #"{"live":true}"#)
  }

  @Test func `is ready with a model and says so`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/health/ready")
    #expect(reply.status == 200)
    #expect(reply.text == #"{"ready":true,"reasons":[]}"#)
  }

  @Test func `gives every reason why it is not ready`() async throws {
    let harness = await Harness([])
    harness.application.readiness.drain()
    let reply = try await harness.send(.get, "/health/ready")
    #expect(reply.status == 503)
    #expect(reply.text == #"{"ready":false,"reasons":["draining","no_model"]}"#)
    #expect(reply.head.headerFields[.retryAfter] == "5")
  }

  @Test func `serves on while it drains`() async throws {
    let harness = await Harness()
    harness.application.readiness.drain()
    #expect(try await harness.send(.get, "/models").status == 200)
    #expect(try await harness.send(.get, "/health/ready").text == #"{"ready":false,"reasons":["draining"]}"#)
  }
}

@Suite struct ModelsTests {
  @Test func `lists models by name with what each is`() async throws {
    let harness = await Harness([
      BrightnessEngine(name: "b", version: 2), BrightnessEngine(name: "a"), BrightnessEngine(name: "b", version: 1),
    ])
    let data = try #require(try await harness.send(.get, "/models").json()["data"] as? [[String: Any]])
    #expect(data.compactMap { $0["name"] as? String } == ["a", "b"])
    #expect(data[1]["versions"] as? [Int] == [2, 1])
    #expect(data[1]["default"] as? Bool == true)
    #expect(data[1]["state"] as? String == "ready")
    #expect(data[1]["grid"] as? [Int] == [4, 4])
  }

  @Test func `pages through a long list`() async throws {
    let harness = await Harness([BrightnessEngine(name: "a"), BrightnessEngine(name: "b"), BrightnessEngine(name: "c")])
    let first = try await harness.send(.get, "/models?limit=2").json()
    #expect(first["next"] as? String == "b")
    let second = try await harness.send(.get, "/models?limit=2&after=b").json()
    #expect((second["data"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["c"])
    #expect(second["next"] is String == false)
  }

  @Test func `answers one model by name and version`() async throws {
    let harness = await Harness([BrightnessEngine(name: "a", version: 1), BrightnessEngine(name: "a", version: 2)])
    #expect(try await harness.send(.get, "/models/a").json()["version"] as? Int == 2)
    #expect(try await harness.send(.get, "/models/a@1").json()["version"] as? Int == 1)
    #expect(try await harness.send(.get, "/models/z").problem() == "unknown-model")
  }
}

@Suite struct ProblemTests {
  @Test func `is RFC 9457 with every member, to the letter`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?ratio=2")
    #expect(reply.head.headerFields[.contentType] == "application/problem+json")
    let sentence = #"The query parameter \"ratio\" is \"2\", but must be 0.0 to 1.0."#
    #expect(
      reply.text
        == #"{"type":"/problems/invalid-parameter","title":"Invalid query parameter","status":400,"detail":""# + sentence
        + #"","instance":"/mask","error":""# + sentence + #"","parameter":"ratio","allowed":["0.0 to 1.0"]}"#)
  }

  @Test(arguments: ProblemKind.allCases)
  func `has a page that says what to do`(kind: ProblemKind) async throws {
    let harness = await Harness([])
    let reply = try await harness.send(.get, "/problems/\(kind.rawValue)")
    #expect(reply.status == 200)
    #expect(reply.head.headerFields[.contentType] == "text/html; charset=utf-8")
    #expect(reply.text.contains("<h1>\(kind.title)</h1>"))
    #expect(reply.text.contains("Status \(kind.status)"))
  }

  @Test func `answers 404 for a kind there is not`() async throws {
    let harness = await Harness([])
    #expect(try await harness.send(.get, "/problems/%3Cscript%3E").problem() == "not-found")
  }

  @Test func `lists every kind`() async throws {
    let harness = await Harness([])
    let text = try await harness.send(.get, "/problems").text
    for kind in ProblemKind.allCases { #expect(text.contains("/problems/\(kind.rawValue)\"")) }
  }

  @Test func `answers 404, 405 with Allow and 501 in the same form`() async throws {
    let harness = await Harness()
    #expect(try await harness.send(.get, "/nothing").problem() == "not-found")
    let refused = try await harness.send(.delete, "/mask")
    #expect(try refused.problem() == "method-not-allowed")
    #expect(refused.head.headerFields[.allow] == "GET, HEAD, OPTIONS, POST")
    let unknown = try await harness.send(try #require(HTTPRequest.Method(rawValue: "BREW")), "/mask")
    #expect(try unknown.problem() == "not-implemented")
  }
}

@Suite struct PageTests {
  private let page = Fixtures.root.appendingPathComponent("Public").path

  @Test func `serves the page and its files`() async throws {
    let harness = await Harness([], page: page, over: .loopback)
    let reply = try await harness.send(.get, "/")
    #expect(reply.head.headerFields[.contentType] == "text/html; charset=utf-8")
    #expect(reply.head.headerFields[.vary] == "Accept, Accept-Encoding")
    #expect(reply.text.contains("POST /predict-loss"))
    for file in ["/page/page.css", "/page/page.js"] {
      #expect(reply.text.contains("\"\(file)\""))
      #expect(try await harness.send(.get, file).status == 200)
    }
    await harness.application.drain()
  }

  @Test func `links to routes that answer`() async throws {
    let harness = await Harness(page: page, over: .loopback)
    let text = try await harness.send(.get, "/").text
    for match in text.matches(of: /<a href="(\/[^"]+)"/) {
      let target = String(match.1).replacing("&amp;", with: "&")
      #expect(try await harness.send(.get, target).status == 200, "\(target)")
    }
    await harness.application.drain()
  }
}
