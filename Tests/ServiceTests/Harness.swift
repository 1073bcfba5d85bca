import Foundation
import HTTP
import HTTPTypes
import Logging
import TestSupport

@testable import Service

/// How a test reaches the service.
enum Transport: CaseIterable, Sendable { case memory, loopback }

/// A service whose model's answers can be worked out by hand.
struct Harness {
  let application: Application
  let clock = ManualClock()
  /// The port, where the service is reached over loopback.
  private let port: Int?

  init(
    _ engines: [BrightnessEngine] = [BrightnessEngine()], store: ModelStore? = nil, keys: KeyRing? = nil, jobs: JobDesk? = nil,
    page: String? = nil,
    over transport: Transport = .memory, log: TestLog = TestLog(),
    _ change: (inout ServiceConfiguration) -> Void = { _ in }
  ) async {
    var configuration = ServiceConfiguration()
    configuration.port = 0
    configuration.drainDelay = 0
    change(&configuration)
    let sources = engines.map { engine in
      ModelSource(name: engine.description.name, version: engine.description.version) { engine }
    }
    let clock = clock
    application = Application(
      configuration, library: ModelLibrary(sources, queueLimits: configuration.queueLimits), store: store, keys: keys, jobs: jobs,
      page: page, logger: log.logger, now: { clock.now })
    await application.library.load()
    port = transport == .loopback ? try? application.start() : nil
  }

  func send(
    _ method: HTTPRequest.Method, _ target: String, _ fields: HTTPFields = [:], body: [UInt8] = []
  ) async throws -> Reply {
    if let port { return try await Self.exchange(port, method, target, fields, body) }
    let response = await application.respond(to: try Request(method, target, headerFields: fields, body: body))
    guard case .bytes(let bytes) = response.body else { return Reply(head: response.head, body: []) }
    return Reply(head: response.head, body: bytes)
  }

  /// The same over a socket, which blocks, on a thread that may.
  private static func exchange(
    _ port: Int, _ method: HTTPRequest.Method, _ target: String, _ fields: HTTPFields, _ body: [UInt8]
  ) async throws -> Reply {
    let outcome: Result<Reply, any Error> = await WorkPool(width: 1).run {
      Result {
        let client = try LoopbackClient(port: port)
        let lines = fields.map { "\($0.name.rawName): \($0.value)\r\n" }.joined()
        try client.send("\(method.rawValue) \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n\(lines)\r\n")
        try client.send(body)
        let message = try client.response(to: method == .head ? .head : .other)
        var head = HTTPResponse(status: .init(code: message.status))
        for field in message.fields {
          if let name = HTTPField.Name(field.name) { head.headerFields[name] = field.value }
        }
        return Reply(head: head, body: message.body)
      }
    }
    return try outcome.get()
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
