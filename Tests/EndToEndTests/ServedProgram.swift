import Foundation
import TestSupport
import Testing

/// `hpm serve` on a free port, its models loaded.
struct ServedProgram: Sendable {
  let port: Int
  private let child: ChildProcess
  /// The home folder, where the test names none.
  private let home = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-home-\(UUID().uuidString)")

  var url: String { "http://127.0.0.1:\(port)" }

  /// Serves with `options` while `body` runs; then asks the service to stop, which it must do with exit status 0 unless `status` is another.
  @discardableResult
  static func with(
    _ options: [String] = [], endingWith status: Int32 = 0, _ body: (ServedProgram) async throws -> Void
  ) async throws -> Outcome {
    let service = try await withBlockingThread { try ServedProgram(options) }
    do {
      try await body(service)
    } catch {
      _ = try await service.stop()
      throw error
    }
    let outcome = try await service.stop()
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.text == "", "the service's words go to standard error")
    return outcome
  }

  /// Serves with `options` until `body`, which kills the process, is done; gives what it gives.
  static func killed<Value>(_ options: [String], _ body: (ServedProgram) async throws -> Value) async throws -> Value {
    let service = try await withBlockingThread { try ServedProgram(options) }
    do {
      let value = try await body(service)
      _ = try await service.stop()
      return value
    } catch {
      _ = try await service.stop()
      throw error
    }
  }

  private init(_ options: [String]) throws {
    let delay = options.contains("--drain-delay") ? [] : ["--drain-delay", "0"]
    let own = options.contains("--home") ? [] : ["--home", home.path]
    child = try ChildProcess([Program.path, "serve", "--port", "0"] + delay + own + options)
    // A JSON object, since standard error is no terminal here, or words where the options ask for them.
    let greeting = /listening.*"?host"?[:=]"?127\.0\.0\.1"?.*port"?[:=](\d+)/
    guard let line = child.errors.line(with: ["listening"]), let match = line.firstMatch(of: greeting), let port = Int(match.1) else {
      throw LoopbackClient.Failure("hpm did not serve: \(child.outcome().errors)")
    }
    self.port = port
    _ = child.errors.line(with: ["model ready", "model failed"])
  }

  /// One request over a connection of its own.
  func ask(
    _ method: String, _ target: String, accept: String? = nil, key: String? = nil, type: String? = nil, last: Int? = nil, body: [UInt8] = []
  ) async throws -> LoopbackClient.Message {
    let port = port
    return try await withBlockingThread {
      let client = try LoopbackClient(port: port, timeout: 60)
      let accept = accept.map { "Accept: \($0)\r\n" } ?? ""
      let key = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
      let type = type.map { "Content-Type: \($0)\r\n" } ?? ""
      let last = last.map { "Last-Event-ID: \($0)\r\n" } ?? ""
      let length = "Content-Length: \(body.count)\r\n"
      try client.send("\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(length)\(accept)\(key)\(type)\(last)\r\n")
      try client.send(body)
      return try client.response()
    }
  }

  /// Asks the service to stop, and does not wait.
  func terminate() { child.terminate() }

  /// Sends a signal, however many were sent before.
  func send(signal: Int32) { child.send(signal: signal) }

  /// The first line of the log that has `word` in it, once it is there.
  func line(with word: String) async throws -> String? { try await withBlockingThread { child.errors.line(with: [word]) } }

  private func stop() async throws -> Outcome {
    try await withBlockingThread {
      child.terminate()
      let outcome = child.outcome()
      try? FileManager.default.removeItem(at: home)
      return outcome
    }
  }
}
