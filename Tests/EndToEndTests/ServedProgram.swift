import Foundation
import TestSupport
import Testing

/// `hpm serve` on a free port, its models loaded.
struct ServedProgram: Sendable {
  let port: Int
  private let child: ChildProcess

  private static let greeting = "hpm serves on http://127.0.0.1:"

  var url: String { "http://127.0.0.1:\(port)" }

  /// Serves with `options` while `body` runs; then asks the service to stop, which it must do with exit status 0.
  static func with(_ options: [String] = [], _ body: (ServedProgram) async throws -> Void) async throws {
    let service = try await withBlockingThread { try ServedProgram(options) }
    do {
      try await body(service)
    } catch {
      _ = try await service.stop()
      throw error
    }
    let outcome = try await service.stop()
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.text == "", "the service's words go to standard error")
  }

  private init(_ options: [String]) throws {
    child = try ChildProcess([Program.path, "serve", "--port", "0", "--drain-delay", "0"] + options)
    guard let line = child.errors.line(with: [Self.greeting]), let port = Int(line.dropFirst(Self.greeting.count)) else {
      throw LoopbackClient.Failure("hpm did not serve: \(child.outcome().errors)")
    }
    self.port = port
    _ = child.errors.line(with: ["model ready", "model failed"])
  }

  /// One request over a connection of its own.
  func ask(_ method: String, _ target: String, accept: String? = nil, body: [UInt8] = []) async throws -> LoopbackClient.Message {
    let port = port
    return try await withBlockingThread {
      let client = try LoopbackClient(port: port, timeout: 60)
      let accept = accept.map { "Accept: \($0)\r\n" } ?? ""
      try client.send("\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Length: \(body.count)\r\n\(accept)\r\n")
      try client.send(body)
      return try client.response()
    }
  }

  /// Asks the service to stop, and does not wait.
  func terminate() { child.terminate() }

  private func stop() async throws -> Outcome {
    try await withBlockingThread {
      child.terminate()
      return child.outcome()
    }
  }
}
