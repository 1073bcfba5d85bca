import Foundation
import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct StaticFileTests {
  private let folder: URL
  private let files: StaticFiles

  init() throws {
    let base = FileManager.default.temporaryDirectory.appendingPathComponent("static-\(UUID().uuidString)")
    folder = base.appendingPathComponent("Public")
    try FileManager.default.createDirectory(at: folder.appendingPathComponent("sub"), withIntermediateDirectories: true)
    try Data("<p>".utf8).write(to: folder.appendingPathComponent("index.html"))
    try Data("0123456789".utf8).write(to: folder.appendingPathComponent("sub/a.css"))
    try Data("secret".utf8).write(to: base.appendingPathComponent("secret.txt"))
    try Data("hidden".utf8).write(to: folder.appendingPathComponent(".hidden"))
    try FileManager.default.createSymbolicLink(at: folder.appendingPathComponent("link"), withDestinationURL: base)
    try FileManager.default.createSymbolicLink(
      at: folder.appendingPathComponent("link.txt"), withDestinationURL: base.appendingPathComponent("secret.txt"))
    files = StaticFiles(root: folder.path, errorResponse: TestServer.errorResponse)
  }

  private func get(_ target: String, _ fields: HTTPFields = [:], method: HTTPRequest.Method = .get) async throws -> (Response, String) {
    let response = await files.respond(to: try Request(method, target, headerFields: fields))
    guard case .stream(let pull) = response.body else { return (response, "") }
    var bytes: [UInt8] = []
    while let piece = try await pull() { bytes += piece }
    return (response, String(decoding: bytes, as: UTF8.self))
  }

  @Test func `serves files with their types and the index for the root`() async throws {
    let (index, page) = try await get("/")
    #expect(index.status == 200 && page == "<p>" && index.head.headerFields[.contentType] == "text/html; charset=utf-8")
    let (style, text) = try await get("/sub/a.css")
    #expect(text == "0123456789" && style.head.headerFields[.contentType] == "text/css; charset=utf-8")
    #expect(style.head.headerFields[.contentLength] == "10")
  }

  @Test func `serves nothing outside the folder`() async throws {
    for target in [
      "/../secret.txt", "/%2e%2e/secret.txt", "/sub/..%2f..%2fsecret.txt", "/link/secret.txt", "/link.txt", "/.hidden", "/sub", "/no",
    ] {
      #expect(try await get(target).0.status == 404, "\(target)")
    }
  }

  @Test func `answers a known tag with 304, a range with 206 and one beyond the end with 416`() async throws {
    let tag = try #require(try await get("/sub/a.css").0.head.headerFields[.eTag])
    #expect(try await get("/sub/a.css", [.ifNoneMatch: tag]).0.status == 304)
    let (part, text) = try await get("/sub/a.css", [.range: "bytes=2-4"])
    #expect(part.status == 206 && text == "234" && part.head.headerFields[.contentRange] == "bytes 2-4/10")
    #expect(try await get("/sub/a.css", [.range: "bytes=2-4", .ifRange: "\"old\""]).0.status == 200)
    #expect(try await get("/sub/a.css", [.range: "bytes=20-"]).0.status == 416)
  }

  @Test func `HEAD opens no stream and says the length`() async throws {
    let (response, text) = try await get("/sub/a.css", method: .head)
    #expect(text.isEmpty && response.head.headerFields[.contentLength] == "10")
  }

  @Test func `a date counts only where it is the file's own, and not beside a tag`() async throws {
    let fields = try await get("/sub/a.css").0.head.headerFields
    let date = try #require(fields[.lastModified])
    #expect(try await get("/sub/a.css", [.ifModifiedSince: date]).0.status == 304)
    #expect(try await get("/sub/a.css", [.ifModifiedSince: "Thu, 01 Jan 1970 00:00:00 GMT"]).0.status == 200)
    #expect(try await get("/sub/a.css", [.ifModifiedSince: date, .ifNoneMatch: "\"other\""]).0.status == 200)
  }

  @Test func `a file that is not the one the client knows is 412`() async throws {
    let tag = try #require(try await get("/sub/a.css").0.head.headerFields[.eTag])
    #expect(try await get("/sub/a.css", [.ifMatch: tag]).0.status == 200)
    #expect(try await get("/sub/a.css", [.ifMatch: "*"]).0.status == 200)
    for field in ["\"other\"", "W/" + tag] { #expect(try await get("/sub/a.css", [.ifMatch: field]).0.status == 412) }
  }

  @Test func `over the wire a file comes whole, in part, or not again, and nothing outside the folder comes at all`() async throws {
    try await TestServer.run(handler: { [files] in await files.respond(to: $0) }) { test in
      let client = try test.client()
      func get(_ target: String, _ fields: String = "") throws -> LoopbackClient.Message {
        try client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        return try client.response()
      }
      let whole = try get("/sub/a.css")
      #expect(whole.text == "0123456789" && whole["Content-Length"] == "10" && whole["Accept-Ranges"] == "bytes")
      let tag = try #require(whole["ETag"])
      let known = try get("/sub/a.css", "If-None-Match: W/\(tag), \"x\"\r\n")
      #expect(known.status == 304 && known["ETag"] == tag && known["Content-Length"] == nil)
      let part = try get("/sub/a.css", "Range: bytes=2-4\r\nIf-Range: \(tag)\r\n")
      #expect(part.status == 206 && part.text == "234" && part["Content-Range"] == "bytes 2-4/10")
      let beyond = try get("/sub/a.css", "Range: bytes=10-\r\n")
      #expect(beyond.status == 416 && beyond["Content-Range"] == "bytes */10")
      let many = try get("/sub/a.css", "Range: bytes=\((0..<1000).map { "\($0)-\($0)" }.joined(separator: ","))\r\n")
      #expect(many.status == 200 && many.text == "0123456789")
      for target in ["/../secret.txt", "/%2e%2e/secret.txt", "/sub/..%2f..%2fsecret.txt", "/link/secret.txt", "/link.txt", "/.hidden"] {
        #expect(try get(target).status == 404, "\(target)")
      }
    }
  }
}
