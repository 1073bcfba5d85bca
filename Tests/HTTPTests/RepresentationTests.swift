import Foundation
import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct RepresentationTests {
  @Test(
    arguments: [
      (nil, "application/json"), ("*/*", "application/json"), ("image/png", "image/png"), ("image/*", "image/png"),
      ("image/png;q=0.5, application/json;q=0.5", "application/json"), ("image/png, */*;q=0.1", "image/png"),
      ("application/json;q=0, */*", "image/png"), ("text/html", nil), ("application/json;q=0", nil), ("IMAGE/PNG", "image/png"),
      ("rubbish", "application/json"), ("application/*;q=0.2, application/json;q=0.9, image/png;q=0.5", "application/json"),
    ] as [(String?, String?)])
  func `chooses the type that the client likes best`(_ accept: String?, _ expected: String?) {
    #expect(MediaTypeNegotiation(accept: accept).best(of: ["application/json", "image/png"]) == expected)
  }

  @Test func `entity tags are compared weakly for If-None-Match and strongly for If-Match`() {
    #expect(EntityTag.matches(ifNoneMatch: "\"b\", W/\"a\"", "\"a\""))
    #expect(EntityTag.matches(ifNoneMatch: "*", "\"a\"") && EntityTag.matches(ifNoneMatch: "\"x,y\"", "\"x,y\""))
    #expect(!EntityTag.matches(ifNoneMatch: "\"b\"", "\"a\"") && !EntityTag.matches(ifNoneMatch: nil, "\"a\""))
    #expect(EntityTag.matches(ifMatch: "\"a\"", "\"a\"") && !EntityTag.matches(ifMatch: "W/\"a\"", "\"a\""))
  }

  @Test func `dates are IMF-fixdate`() {
    #expect(CalendarDate.text(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(CalendarDate.text(secondsSince1970: 951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
    #expect(CalendarDate.text(secondsSince1970: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
  }

  @Test(
    arguments: [
      (nil, .whole), ("bytes=0-1", .part(0..<2)), ("bytes=8-", .part(8..<10)), ("bytes=-3", .part(7..<10)), ("bytes=-30", .part(0..<10)),
      ("bytes=5-99999999999999999999", .part(5..<10)), ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=3-2", .whole),
      ("bytes=0-1,3-4", .whole), ("lines=0-1", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole),
    ] as [(String?, ByteRange)])
  func `reads a range of ten bytes`(_ field: String?, _ expected: ByteRange) {
    #expect(ByteRange(field, size: 10) == expected)
  }

  private static let form =
    "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a \\\"b\\\".png\"\r\nContent-Type: image/png\r\n\r\n"
    + "one\r\n--Bx\r\n\r\n--B \r\ncontent-disposition: form-data; name=e\r\n\r\n\r\n--B--\r\nepilogue"

  @Test func `a form's parts are found where they lie`() throws {
    let body = Array(Self.form.utf8)
    let parts = try MultipartParser(contentType: "multipart/form-data; boundary=\"B\"").parts(of: body)
    #expect(parts.map(\.name) == ["image", "e"])
    #expect(parts[0].filename == "a \"b\".png" && parts[0].contentType == "image/png")
    #expect(String(decoding: body[parts[0].range], as: UTF8.self) == "one\r\n--Bx\r\n")
    #expect(parts[1].range.isEmpty && parts[1].filename == nil)
  }

  @Test func `a form over a limit or cut short is refused`() throws {
    let head = "--B\r\nContent-Disposition: form-data; name=a\r\n"
    let part = head + "\r\nx\r\n"
    var limits = MultipartParser.Limits()
    limits.parts = 2
    let parser = try MultipartParser(contentType: "multipart/form-data; boundary=B", limits: limits)
    let tooLarge = [
      part + part + part + "--B--", head + String(repeating: "X: y\r\n", count: 16) + "\r\nx\r\n--B--",
      head + "X: " + String(repeating: "y", count: 9000) + "\r\n\r\nx\r\n--B--",
      String(repeating: " ", count: 2000) + "\r\n" + part + "--B--",
      part + "--B--" + String(repeating: " ", count: 2000),
    ]
    for text in tooLarge {
      #expect { try parser.parts(of: Array(text.utf8)) } throws: { if case MultipartError.tooLarge = $0 { true } else { false } }
    }
    for text in ["", "x", part, head, "--B\r\n\r\nx\r\n--B--", "--B\r\nX\r\n\r\n--B--"] {
      #expect { try parser.parts(of: Array(text.utf8)) } throws: { if case MultipartError.malformed = $0 { true } else { false } }
    }
    for type in ["multipart/form-data", "text/plain; boundary=a", "multipart/form-data; boundary=" + String(repeating: "a", count: 71)] {
      #expect(throws: MultipartError.self) { try MultipartParser(contentType: type) }
    }
  }
}

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
}
