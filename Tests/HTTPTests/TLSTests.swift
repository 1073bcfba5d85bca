import COpenSSL
import Foundation
import HTTP
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite struct TLSTests {
  private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  /// What the server said about new files.
  private final class Reloads: Sendable {
    private let heard = Mutex<[ServerError?]>([])

    var all: [ServerError?] { heard.withLock { $0 } }

    func hear(_ error: ServerError?) { heard.withLock { $0.append(error) } }
  }

  private let files: TestCertificate
  private let reloads = Reloads()

  init() throws { files = try TestCertificate() }

  private func run(handler: @escaping Handler = TestServer.echo, _ work: @escaping @Sendable (TestServer) throws -> Void) async throws {
    var configuration = ServerConfiguration()
    configuration.tls = TLSConfiguration(certificate: files.certificate, key: files.key) { [reloads] in reloads.hear($0) }
    try await TestServer.run(configuration, handler: handler, work)
  }

  private static func client(_ test: TestServer, _ change: (inout TLSClient.Offer) -> Void = { _ in }) throws -> TLSClient {
    var offer = TLSClient.Offer()
    change(&offer)
    return try TLSClient(port: test.port, offer)
  }

  @Test(arguments: [(TLS1_2_VERSION, "TLSv1.2"), (TLS1_3_VERSION, "TLSv1.3")])
  func `speaks TLS 1.2 and 1.3 with a cipher of today, a certificate that verifies and http 1.1 by ALPN`(
    _ version: Int32, _ name: String
  ) async throws {
    let trusted = files.certificate
    try await run { test in
      let client = try Self.client(test) { ($0.lowest, $0.highest, $0.trusted) = (version, version, trusted) }
      #expect(client.version == name && client.chosenProtocol == "http/1.1")
      #expect(client.cipher.contains("GCM") || client.cipher.contains("CHACHA20"))
      #expect(try client.exchange(Self.get).hasSuffix("GET / "))
      #expect(try client.exchange(Self.get).hasSuffix("GET / "))
    }
  }

  @Test func `refuses older versions, ciphers without forward secrecy, and clients that offer other protocols only`() async throws {
    try await run { test in
      let refused: [(inout TLSClient.Offer) -> Void] = [
        { ($0.lowest, $0.highest) = (TLS1_VERSION, TLS1_1_VERSION) },
        { ($0.highest, $0.ciphers) = (TLS1_2_VERSION, "AES128-GCM-SHA256:AES256-SHA256") },
        { ($0.highest, $0.ciphers) = (TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256") }, { $0.protocols = "\u{2}h2" },
      ]
      for change in refused {
        #expect(throws: LoopbackClient.Failure.self) { try Self.client(test, change) }
      }
      let silent = try Self.client(test) { $0.protocols = "" }
      #expect(try silent.exchange(Self.get).hasPrefix("HTTP/1.1 200 "))
      let bilingual = try Self.client(test) { $0.protocols = "\u{2}h2\u{8}http/1.1" }
      #expect(bilingual.chosenProtocol == "http/1.1")
    }
  }

  @Test func `the handler knows that the request came by https`() async throws {
    try await run(handler: { Response(.ok, body: .bytes(Array(($0.head.scheme ?? "").utf8))) }) { test in
      let client = try Self.client(test)
      #expect(try client.exchange(Self.get).hasSuffix("\r\n\r\nhttps"))
    }
  }

  @Test func `large bodies go both ways`() async throws {
    let size = 5_000_000
    try await run { test in
      let client = try Self.client(test)
      try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
      try client.send(String(repeating: "x", count: size))
      let answer = try client.read(size)
      #expect(answer.count >= size && answer.last == UInt8(ascii: "x"))
    }
  }

  @Test func `an answer that ends the connection ends the session as well`() async throws {
    try await run { test in
      let client = try Self.client(test)
      #expect(try client.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
      #expect(try client.read().isEmpty)  // it throws where the end is not said
    }
  }

  @Test func `a client that says it sends no more reads its answer`() async throws {
    try await run { test in
      let client = try Self.client(test)
      try client.send(Self.get)
      client.shutdownWriting()
      #expect(String(decoding: try client.read(), as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func `plain HTTP on the port is told to use https`() async throws {
    try await run { test in
      let client = try test.client()
      try client.send(Self.get)
      let response = try client.response()
      #expect(response.status == 400 && response.text.contains("https://") && response["Connection"] == "close")
      #expect(try client.read().isEmpty)
    }
  }

  @Test(
    arguments: [
      [22, 3, 1, 0, 5, 1, 0, 0, 1, 0], [22, 255, 255, 255, 255], [22] + [UInt8](repeating: 0, count: 100),
      [22, 3, 1, 64, 1] + [UInt8](repeating: 1, count: 20_000),
    ] as [[UInt8]])
  func `bytes that only begin like a handshake end the connection`(_ bytes: [UInt8]) async throws {
    try await run { test in
      let client = try test.client()
      try client.send(bytes)
      client.shutdownWriting()
      #expect(try client.readToEnd().count < 100)  // an alert at most
      let next = try Self.client(test)
      #expect(try next.exchange(Self.get).hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func `bytes flipped within a session end it`() async throws {
    try await run { test in
      let client = try Self.client(test)
      #expect(try client.exchange(Self.get).hasPrefix("HTTP/1.1 200 "))
      try client.socket.send([23, 3, 3, 0, 32] + [UInt8](repeating: 9, count: 32))
      #expect(throws: LoopbackClient.Failure.self) { while try !client.read().isEmpty {} }
    }
  }

  @Test func `half a handshake is closed after its time`() async throws {
    try await run { test in
      for beginning in [[], [22, 3, 1], [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]] as [[UInt8]] {
        let client = try test.client()
        try client.send(beginning)
        #expect(try test.advance(by: .seconds(11), until: client).isEmpty)
      }
    }
  }

  @Test func `a session without a request is closed after the time of a head`() async throws {
    try await run { test in
      // In TLS 1.2 the server is the last to speak in the handshake, so here it has ended for both.
      let client = try Self.client(test) { $0.highest = TLS1_2_VERSION }
      client.socket.setTimeout(milliseconds: 50)
      var end: [UInt8]?
      for _ in 0..<400 where end == nil {
        test.clock.advance(by: .seconds(11))
        end = try? client.read()
      }
      #expect(end?.isEmpty == true)
    }
  }

  @Test func `a new certificate is used from the next connection on, and the open one goes on`() async throws {
    let files = files
    try await run { [reloads] test in
      let old = try Self.client(test)
      #expect(old.serial == 1)
      files.renew(serial: 2)
      let early = try Self.client(test)
      #expect(early.serial == 1)  // looked at less than a second ago
      test.clock.advance(by: .seconds(1))
      let late = try Self.client(test) { $0.trusted = files.certificate }
      #expect(late.serial == 2)
      #expect(try old.exchange(Self.get).hasPrefix("HTTP/1.1 200 "))
      #expect(reloads.all == [nil])
    }
  }

  @Test func `files that do not fit together leave the old certificate in use until they do`() async throws {
    let files = files
    try await run { [reloads] test in
      let key = try String(contentsOfFile: files.key, encoding: .utf8)
      files.renew(serial: 2)
      let newKey = try String(contentsOfFile: files.key, encoding: .utf8)
      try key.write(toFile: files.key, atomically: true, encoding: .utf8)
      test.clock.advance(by: .seconds(1))
      let unmatched = try Self.client(test)
      #expect(unmatched.serial == 1)
      try FileManager.default.removeItem(atPath: files.key)
      test.clock.advance(by: .seconds(1))
      let keyless = try Self.client(test)
      #expect(keyless.serial == 1)
      try newKey.write(toFile: files.key, atomically: true, encoding: .utf8)
      test.clock.advance(by: .seconds(1))
      let renewed = try Self.client(test)
      #expect(renewed.serial == 2)
      #expect(reloads.all.map { $0 == nil } == [false, false, true])
    }
  }

  @Test func `a server whose certificate cannot be used does not start, and says why`() throws {
    let garbage = files.certificate + ".garbage"
    try "no certificate".write(toFile: garbage, atomically: true, encoding: .utf8)
    for (certificate, key) in [(files.certificate + ".missing", files.key), (files.certificate, garbage), (garbage, files.key)] {
      var configuration = ServerConfiguration()
      configuration.tls = TLSConfiguration(certificate: certificate, key: key)
      let server = Server(configuration: configuration, handler: TestServer.echo, errorResponse: TestServer.errorResponse)
      #expect {
        try server.start()
      } throws: { error in
        "\(error)".contains(certificate) && "\(error)".contains("--tls-key")
      }
    }
  }

  @Test func `curl speaks with the server`() async throws {
    let trusted = files.certificate
    try await run { test in
      let curl = Process()
      let output = Pipe()
      curl.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
      curl.arguments = ["--silent", "--show-error", "--http2", "--cacert", trusted, "https://localhost:\(test.port)/a?b", "-d", "body"]
      curl.standardOutput = output
      try curl.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      curl.waitUntilExit()
      #expect(curl.terminationStatus == 0 && text == "POST /a body")
    }
  }
}
