import Foundation
import HTTP
import HTTPTypes
import Logging

@testable import Service

/// A service in memory whose model's answers can be worked out by hand.
struct Harness {
  let application: Application
  let clock = ManualClock()

  init(_ engines: [BrightnessEngine] = [BrightnessEngine()], _ change: (inout ServiceConfiguration) -> Void = { _ in }) async {
    var configuration = ServiceConfiguration()
    configuration.port = 0
    configuration.drainDelay = 0
    change(&configuration)
    let sources = engines.map { engine in
      ModelSource(name: engine.description.name, version: engine.description.version) { engine }
    }
    let clock = clock
    application = Application(
      configuration, library: ModelLibrary(sources), page: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      now: { clock.now })
    await application.library.load()
  }

  func send(
    _ method: HTTPRequest.Method, _ target: String, _ fields: HTTPFields = [:], body: [UInt8] = []
  ) async throws -> Reply {
    let response = await application.respond(to: try Request(method, target, headerFields: fields, body: body))
    guard case .bytes(let bytes) = response.body else { return Reply(head: response.head, body: []) }
    return Reply(head: response.head, body: bytes)
  }
}

/// An answer with its body.
struct Reply {
  let head: HTTPResponse
  let body: [UInt8]

  var status: Int { head.status.code }
  var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as a JSON object.
  func json() throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    return value ?? [:]
  }

  /// The code of the problem in the body.
  func problem() throws -> String? { try (json()["type"] as? String)?.replacing("/problems/", with: "") }
}
