import CZlib
import Foundation
import HTTPTypes
import Tensors
import TestSupport
import Testing

@testable import HTTP

/// Content as gzip and deflate make it, by the library's own one-call functions and not by the code under test.
private enum Coded {
  static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var output = [UInt8](repeating: 0, count: Int(count))
    #expect(compress(&output, &count, bytes, UInt(bytes.count)) == Z_OK)
    return Array(output[..<Int(count)])
  }

  /// RFC 1952: a header, the bare deflated bytes (zlib's without its two bytes before and four after), sum and length.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    let sum = UInt32(crc32(0, bytes, UInt32(bytes.count)))
    let tail = [sum, UInt32(bytes.count)].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    return [31, 139, 8, 0, 0, 0, 0, 0, 0, 255] + zlib(bytes).dropFirst(2).dropLast(4) + tail
  }

  /// What gzip's bytes say, of one member.
  static func plain(_ bytes: [UInt8], atMost capacity: Int) -> [UInt8] {
    #expect(bytes.prefix(3) == [31, 139, 8])
    var output = [UInt8](repeating: 0, count: capacity)
    var stream = z_stream()
    return bytes.withUnsafeBytes { input in
      output.withUnsafeMutableBytes { buffer in
        inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(input.count)
        stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(buffer.count)
        #expect(inflate(&stream, Z_FINISH) == Z_STREAM_END)
        inflateEnd(&stream)
        return Array(buffer[..<(buffer.count - Int(stream.avail_out))])
      }
    }
  }
}

@Suite struct ContentCodingTests {
  private static let text = Array(String(repeating: "predicted loss, patch by patch; ", count: 1000).utf8)

  private static func collected(_ body: [UInt8], _ coding: String, limit: Int = 1 << 20) async throws -> [UInt8] {
    let head = HTTPRequest(method: .post, scheme: "http", authority: "a", path: "/", headerFields: [.contentEncoding: coding])
    return try await Request(head: head, body: RequestBody(body), bodyLimit: limit).body.collect(upTo: .max)
  }

  @Test func `a compressed body is read as what it was`() async throws {
    var random = SplitMix64(seed: 3)
    let noise = (0..<500_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    for bytes in [[], [7], Self.text, noise] {
      #expect(try await Self.collected(Coded.gzip(bytes), "gzip") == bytes)
      #expect(try await Self.collected(Coded.gzip(bytes), "X-GZip") == bytes)
      #expect(try await Self.collected(Coded.zlib(bytes), "deflate") == bytes)
      #expect(try await Self.collected(bytes, "identity") == bytes)
    }
    #expect(try await Self.collected(Coded.gzip(Self.text) + Coded.gzip([1, 2]), "gzip") == Self.text + [1, 2])
    #expect(try await Self.collected([], "gzip").isEmpty)
  }

  @Test func `a bomb is too large as soon as it has become so`() async throws {
    let bomb = Coded.gzip([UInt8](repeating: 0, count: 50_000_000))
    #expect(bomb.count < 60_000)
    await #expect(throws: RequestBodyError.tooLarge(1_000_000)) { try await Self.collected(bomb, "gzip", limit: 1_000_000) }
    await #expect(throws: RequestBodyError.tooLarge(10)) {
      try await Self.collected(Coded.gzip([1, 2, 3, 4, 5, 6]) + Coded.gzip([1, 2, 3, 4, 5, 6]), "gzip", limit: 10)
    }
  }

  @Test func `content that is damaged, cut short or something else is refused`() async throws {
    let whole = Coded.gzip(Self.text)
    var damaged = whole
    damaged[whole.count - 6] ^= 1
    let bodies = [damaged, Array(whole.dropLast()), Array(whole.prefix(5)), whole + [1, 2, 3], Self.text, Coded.zlib(Self.text)]
    for body in bodies { await #expect(throws: RequestBodyError.self) { try await Self.collected(body, "gzip") } }
    await #expect(throws: RequestBodyError.self) { try await Self.collected(Coded.zlib(Self.text) + [1], "deflate") }
    for coding in ["br", "gzip, gzip", "gzip, br", "zstd", "gzip;q=1"] {
      await #expect { try await Self.collected(whole, coding) } throws: { ($0 as? ProtocolError)?.status == .unsupportedMediaType }
    }
  }

  @Test func `a thousand damaged bodies are refused or read, and nothing worse`() async throws {
    var random = SplitMix64(seed: 5)
    let whole = Coded.gzip(Self.text)
    for _ in 0..<1000 {
      var body = whole
      for _ in 0..<3 { body[Int.random(in: 0..<body.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
      do { #expect(try await Self.collected(body, "gzip").count <= 1 << 20) } catch { #expect(error is RequestBodyError) }
    }
  }

  @Test(
    arguments: [
      (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("x-gzip", true), ("br, gzip;q=0.5", true), ("*", true),
      ("gzip;q=0", false),
      ("*;q=0", false), ("*, gzip;q=0", false), ("identity", false), ("identity, gzip;q=0.5", false), ("identity;q=0.5, gzip", true),
      ("deflate, br", false), ("gzip;q=rubbish", false), ("gzip;q=0.001", true), (",,gzip,,", true),
    ] as [(String?, Bool)])
  func `gzip is for who takes it`(_ field: String?, _ expected: Bool) {
    #expect(ContentCoding.takesGzip(field) == expected)
  }

  private static func response(_ type: String, _ body: ResponseBody, _ fields: HTTPFields = [:]) -> Response {
    var response = Response(.ok, headerFields: fields, body: body)
    response.head.headerFields[.contentType] = type
    return response
  }

  private static func compressed(_ response: Response, _ fields: HTTPFields = [.acceptEncoding: "gzip"]) async throws -> Response {
    await response.compressed(for: try Request(.get, "/", headerFields: fields).head, HTTPCompression())
  }

  @Test(
    arguments: [
      "application/json", "application/problem+json", "text/html; charset=utf-8", "text/css", "text/javascript", "text/plain", "text/csv",
    ])
  func `long text is compressed, under a weak tag, and varies`(_ type: String) async throws {
    let plain = Self.response(type, .bytes(Self.text), [.eTag: "\"a\"", .vary: "Accept"])
    let response = try await Self.compressed(plain)
    guard case .bytes(let bytes) = response.body else { return #expect(Bool(false), "no bytes") }
    #expect(bytes.count < Self.text.count / 10 && Coded.plain(bytes, atMost: 100_000) == Self.text)
    let fields = response.head.headerFields
    #expect(fields[.contentEncoding] == "gzip" && fields[.eTag] == "W/\"a\"" && fields[.vary] == "Accept, Accept-Encoding")
    let untouched = try await Self.compressed(plain, [:])
    #expect(untouched.head.headerFields[.eTag] == "\"a\"" && untouched.head.headerFields[.vary] == "Accept, Accept-Encoding")
  }

  @Test func `pictures, events, short text, parts, and what is coded or must not be changed stay as they are`() async throws {
    let text = ResponseBody.bytes(Self.text)
    let responses = [
      Self.response("image/png", text), Self.response("application/x-npy", text), Self.response("text/event-stream", text),
      Self.response("text/plain", .bytes(Array(Self.text.prefix(500)))), Self.response("text/plain", .stream { nil }),
      Self.response("text/plain", text, [.contentEncoding: "br"]), Self.response("text/plain", text, [.cacheControl: "no-transform"]),
      Response(.partialContent, headerFields: [.contentType: "text/plain", .contentRange: "bytes 0-1/9"], body: text),
    ]
    for response in responses {
      let coding = try await Self.compressed(response).head.headerFields[.contentEncoding]
      #expect(coding == response.head.headerFields[.contentEncoding])
    }
  }

  @Test func `over the wire a file comes as gzip, is known by its tag, and HEAD says the same`() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coded-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let style = Array(String(repeating: "p { color: red }\n", count: 50_000).utf8)
    try Data(style).write(to: folder.appendingPathComponent("a.css"))
    let files = StaticFiles(root: folder.path, errorResponse: TestServer.errorResponse)
    try await TestServer.run(handler: { await files.respond(to: $0) }) { test in
      let client = try test.client()
      func ask(_ method: String, _ fields: String) throws -> LoopbackClient.Message {
        try client.send("\(method) /a.css HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\(fields)\r\n")
        return try client.response(to: method == "HEAD" ? .head : .other)
      }
      let whole = try ask("GET", "")
      #expect(Coded.plain(whole.body, atMost: 1 << 20) == style && whole["Content-Encoding"] == "gzip" && whole["Content-Length"] == nil)
      let tag = try #require(whole["ETag"])
      #expect(tag.hasPrefix("W/\""))
      let known = try ask("GET", "If-None-Match: \(tag)\r\n")
      #expect(known.status == 304 && known["ETag"] == tag && known["Vary"] == "Accept-Encoding")
      let head = try ask("HEAD", "")
      #expect(head["Content-Encoding"] == "gzip" && head["ETag"] == tag && head["Content-Length"] == nil)
      let part = try ask("GET", "Range: bytes=2-5\r\nIf-Range: \(tag)\r\n")
      #expect(part.status == 200)  // a weak tag is no promise of the same octets
      #expect(try ask("GET", "Range: bytes=2-5\r\n").text == "{ co")
    }
  }

  @Test func `over the wire a compressed body is decoded, a bomb is 413 and another coding 415 with what is taken`() async throws {
    var configuration = ServerConfiguration()
    configuration.limits.maximumRequestBytes = 100_000
    let handler: Handler = { request in
      do throws(RequestBodyError) {
        return Response(.ok, body: .bytes(try await request.body.collect(upTo: .max)))
      } catch {
        if case .tooLarge = error { return Response(.contentTooLarge) }
        return Response(.badRequest)
      }
    }
    try await TestServer.run(configuration, handler: handler) { test in
      func post(_ coding: String, _ body: [UInt8]) throws -> LoopbackClient.Message {
        let client = try test.client()
        try client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: me\r\nContent-Encoding: \(coding)\r\nContent-Length: \(body.count)\r\n\r\n")
        try client.send(body)
        return try client.response()
      }
      #expect(try post("gzip", Coded.gzip(Self.text)).body == Self.text)
      #expect(try post("gzip", Coded.gzip([UInt8](repeating: 0, count: 10_000_000))).status == 413)
      #expect(try post("gzip", Self.text).status == 400)
      let unknown = try post("br", Self.text)
      #expect(unknown.status == 415 && unknown["Accept-Encoding"] == "gzip, deflate" && unknown["X-Request-Id"] == "me")
    }
  }
}
