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
