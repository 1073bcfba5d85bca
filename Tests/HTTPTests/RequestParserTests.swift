import HTTPTypes
import Testing

@testable import HTTP

/// What a stream of bytes should mean.
struct ParserCase: Sendable, CustomTestStringConvertible {
  let name: String
  let input: String
  /// The refusal's status; `nil` where it is accepted.
  let status: Int?
  var testDescription: String { name }

  init(_ name: String, _ input: String, _ status: Int? = nil) { (self.name, self.input, self.status) = (name, input, status) }

  /// A request of one `fields` text after a valid line and `Host`.
  static func fields(_ name: String, _ fields: String, _ status: Int? = 400) -> ParserCase {
    ParserCase(name, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n", status)
  }

  static func line(_ name: String, _ line: String, _ status: Int? = 400) -> ParserCase {
    ParserCase(name, "\(line)\r\nHost: a\r\n\r\n", status)
  }

  static func host(_ name: String, _ field: String, _ status: Int? = 400) -> ParserCase {
    ParserCase(name, "GET / HTTP/1.1\r\n\(field)\r\n", status)
  }

  static func chunks(_ name: String, _ body: String, _ status: Int? = 400) -> ParserCase {
    ParserCase(name, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)", status)
  }
}

private let requestLines: [ParserCase] = [
  .line("plain", "GET / HTTP/1.1", nil), .line("later minor version", "GET / HTTP/1.2", nil),
  .line("absolute form", "GET http://b.example:80/x?y HTTP/1.1", nil),
  .line("absolute form without a path", "GET http://b?q HTTP/1.1", nil),
  .line("OPTIONS *", "OPTIONS * HTTP/1.1", nil), .line("unknown method", "BREW / HTTP/1.1", nil),
  .line("browser's brackets", "GET /?ids[]=1|2 HTTP/1.1", nil),
  ParserCase("leading empty line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  ParserCase("too many leading empty lines", "\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
  ParserCase("LF alone after the line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
  ParserCase("CR alone in the line", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
  .line("star for GET", "GET * HTTP/1.1"), .line("no version", "GET /"), .line("lower-case version", "GET / http/1.1"),
  .line("long version", "GET / HTTP/01.1"), .line("version without a minor", "GET / HTTP/1"),
  .line("space in the target", "GET /a b HTTP/1.1"),
  .line("two spaces", "GET  / HTTP/1.1"), .line("space before the method", " GET / HTTP/1.1"), .line("space at the end", "GET / HTTP/1.1 "),
  .line("tab", "GET\t/ HTTP/1.1"), .line("no token", "G(T / HTTP/1.1"), .line("fragment", "GET /#a HTTP/1.1"),
  .line("not ASCII", "GET /é HTTP/1.1"), .line("backslash", "GET /\\a HTTP/1.1"), .line("relative", "GET a HTTP/1.1"),
  .line("user in the authority", "GET http://u@b/ HTTP/1.1"), .line("ftp", "GET ftp://b/ HTTP/1.1"), .line("NUL", "GET /\0 HTTP/1.1"),
  .line("encoded NUL", "GET /%00 HTTP/1.1"), .line("broken escape", "GET /%4 HTTP/1.1"),
  .line("broken escape in the query", "GET /?a=%zz HTTP/1.1"),
  .line("not UTF-8", "GET /%ff HTTP/1.1"), .line("HTTP/2 preface", "PRI * HTTP/2.0", 505), .line("HTTP/2", "GET / HTTP/2.0", 505),
  .line("HTTP/0.9", "GET / HTTP/0.9", 505), .line("CONNECT", "CONNECT a:80 HTTP/1.1", 501),
  .line("8000 octets", "GET /" + String(repeating: "a", count: 7985) + " HTTP/1.1", nil),
  .line("9000 octets", "GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1", 414),
]

private let hosts: [ParserCase] = [
  .host("name and port", "Host: a.example:8080\r\n", nil), .host("IPv6", "Host: [::1]:80\r\n", nil), .host("missing", ""),
  .host("twice", "Host: a\r\nHost: a\r\n"), .host("empty", "Host:\r\n"), .host("comma", "Host: a,b\r\n"), .host("user", "Host: u@a\r\n"),
  .host("path", "Host: a/b\r\n"), .host("space", "Host: a b\r\n"), .host("port of letters", "Host: a:b\r\n"),
  .host("port alone", "Host: :80\r\n"),
  .host("open bracket", "Host: [::1\r\n"), ParserCase("none in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"),
]

private let fields: [ParserCase] = [
  .fields("obs-text", "X: caf\u{e9}", nil), .fields("empty value", "X:", nil), .fields("blanks around", "X: \t a \t", nil),
  .fields("obs-fold", "X: a\r\n b"), .fields("first line folded", " X: a"), .fields("space before the colon", "X : a"),
  .fields("no colon", "X"),
  .fields("empty name", ": a"), .fields("name is no token", "X(: a"), .fields("NUL", "X: a\0b"), .fields("DEL", "X: a\u{7f}"),
  .fields("CR alone", "X: a\rb"), .fields("LF alone", "X: a\nY: b"), .fields("bell", "X: \u{7}"),
  .fields("100 fields", (1...99).map { "X\($0): a" }.joined(separator: "\r\n"), nil),
  .fields("101 fields", (1...100).map { "X\($0): a" }.joined(separator: "\r\n"), 431),
  .fields("33 KiB", "X: " + String(repeating: "a", count: 33 * 1024), 431),
  .fields("other expectation", "Expect: 200-ok", 417), .fields("expectation in capitals", "Expect: 100-Continue", nil),
]

private let framings: [ParserCase] = [
  .fields("length 0", "Content-Length: 0", nil), .fields("+5", "Content-Length: +5"), .fields("-0", "Content-Length: -0"),
  .fields("0x5", "Content-Length: 0x5"), .fields("1_0", "Content-Length: 1_0"), .fields("1 0", "Content-Length: 1 0"),
  .fields("no length", "Content-Length:"), .fields("overflow", "Content-Length: 99999999999999999999"),
  .fields("list", "Content-Length: 5, 6"),
  .fields("two lengths", "Content-Length: 5\r\nContent-Length: 6"), .fields("over the limit", "Content-Length: 300000000", 413),
  .fields("length and coding", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
  .fields("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
  .fields("chunked first", "Transfer-Encoding: chunked, gzip"),
  .fields("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
  .fields("vertical tab", "Transfer-Encoding: chunked\u{b}"),
  .fields("chunked after a comma", "Transfer-Encoding: ,chunked"),
  .fields("coding after a tab", "Transfer-Encoding:\tchunked\r\n\r\n0", nil),
  .fields("two equal lengths", "Content-Length: 5\r\nContent-Length: 5"), .fields("list of equal lengths", "Content-Length: 5, 5"),
  .fields("length with a comma after it", "Content-Length: 5,"), .fields("hexadecimal length", "Content-Length: a"),
  .fields("length in other digits", "Content-Length: ٣"), .fields("coding of capitals twice", "Transfer-Encoding: CHUNKED, Chunked"),
  .fields("empty coding", "Transfer-Encoding:"), .fields("parameter", "Transfer-Encoding: chunked;a=b"),
  .fields("quoted", "Transfer-Encoding: \"chunked\""), .fields("space before the colon of the coding", "Transfer-Encoding : chunked"),
  .fields("xchunked", "Transfer-Encoding: xchunked", 501), .fields("gzip", "Transfer-Encoding: gzip, chunked", 501),
  ParserCase("coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
]

private let chunkedBodies: [ParserCase] = [
  .chunks("plain", "3\r\nabc\r\n0\r\n\r\n", nil), .chunks("capital digits", "A\r\n0123456789\r\n0\r\n\r\n", nil),
  .chunks("leading zeros", "0003\r\nabc\r\n000\r\n\r\n", nil), .chunks("extensions", "3;a;b=c ; d=\"e;\\\"f\"\r\nabc\r\n0;x\r\n\r\n", nil),
  .chunks("trailers", "0\r\nX-Sum: 1\r\nContent-Length: 5\r\nHost: b\r\n\r\n", nil), .chunks("0x", "0x3\r\nabc\r\n0\r\n\r\n"),
  .chunks("+", "+3\r\nabc\r\n0\r\n\r\n"), .chunks("-", "-3\r\nabc\r\n0\r\n\r\n"), .chunks("_", "1_0\r\nabc\r\n0\r\n\r\n"),
  .chunks("space before", " 3\r\nabc\r\n0\r\n\r\n"), .chunks("space after", "3 \r\nabc\r\n0\r\n\r\n"),
  .chunks("empty size", "\r\nabc\r\n0\r\n\r\n"),
  .chunks("overflow", "FFFFFFFFFFFFFFFFF\r\nabc\r\n"), .chunks("spill", "3\r\nabcd\r\n0\r\n\r\n"), .chunks("no CRLF", "3\r\nabc0\r\n\r\n"),
  .chunks("LF after the size", "3\nabc\r\n0\r\n\r\n"), .chunks("LF after the data", "3\r\nabc\n0\r\n\r\n"),
  .chunks("CR in the size", "3\r\rabc"),
  .chunks("control in the extension", "3;a=\u{1}\r\nabc\r\n0\r\n\r\n"),
  .chunks("NUL in a quoted extension", "3;a=\"\0\"\r\nabc\r\n0\r\n\r\n"),
  .chunks("nothing after the semicolon", "3;\r\nabc\r\n0\r\n\r\n"), .chunks("open quote", "3;a=\"b\r\nabc\r\n0\r\n\r\n"),
  .chunks("broken trailer", "0\r\nX : 1\r\n\r\n"), .chunks("folded trailer", "0\r\nX: 1\r\n 2\r\n\r\n"),
  .chunks("over the limit", "FFFFFFFFFF\r\n", 413), .chunks("extensions without end", "3;a=" + String(repeating: "b", count: 70_000)),
]

/// All of the tables above.
let parserCases: [ParserCase] = requestLines + hosts + fields + framings + chunkedBodies

@Suite struct RequestParserTests {
  /// What comes out when the input is cut at these places: events with joined bodies, and the refusal.
  static func outcome(_ input: [UInt8], cuts: [Int], limits: HTTPLimits = HTTPLimits()) -> (
    events: [RequestParser.Event], error: ProtocolError?
  ) {
    var parser = RequestParser(limits: limits)
    var events: [RequestParser.Event] = []
    var start = 0
    for end in cuts + [input.count] {
      parser.append(Array(input[start..<end]))
      start = end
      do throws(ProtocolError) {
        while let event = try parser.next() {
          if case .body(let more) = event, case .body(let before) = events.last {
            events[events.count - 1] = .body(before + more)
          } else {
            events.append(event)
          }
        }
      } catch { return (events, error) }
    }
    return (events, nil)
  }

  @Test(arguments: parserCases)
  func `accepts what is valid and refuses what is not`(_ sample: ParserCase) {
    let outcome = Self.outcome(Array(sample.input.utf8), cuts: [])
    #expect(outcome.error?.status.code == sample.status)
    if sample.status == nil { #expect(outcome.events.count >= 1) }
  }

  @Test(arguments: parserCases)
  func `reads the same wherever the bytes are cut`(_ sample: ParserCase) {
    let input = Array(sample.input.utf8)
    let whole = Self.outcome(input, cuts: [])
    let cuts = input.count < 1000 ? Array(1..<input.count) : stride(from: 1, to: input.count, by: 997) + []
    for cut in cuts {
      let halves = Self.outcome(input, cuts: [cut])
      #expect(halves.events == whole.events && halves.error == whole.error, "cut at \(cut)")
    }
    let octets = Self.outcome(input, cuts: Array(1..<input.count))
    #expect(octets.events == whole.events && octets.error == whole.error)
  }

  @Test func `a chunked body is what its chunks hold, and the next request follows`() {
    let input =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    let events = Self.outcome(Array(input.utf8), cuts: []).events
    #expect(events.count == 5)
    #expect(events[1] == .body(Array("abcde".utf8)))
    guard case .head(let head) = events[3] else { return #expect(Bool(false), "no second head") }
    #expect(head.request.path == "/2")
  }

  @Test func `an absolute target's authority is used in place of Host`() {
    let events = Self.outcome(Array("GET http://b:81/x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n".utf8), cuts: []).events
    guard case .head(let head) = events.first else { return #expect(Bool(false), "no head") }
    #expect(head.request.authority == "b:81" && head.request.path == "/x?y=1")
  }

  @Test func `many tiny chunks are refused`() {
    var limits = HTTPLimits()
    limits.chunks = 100
    let body = String(repeating: "1\r\nx\r\n", count: 200) + "0\r\n\r\n"
    let sample = ParserCase.chunks("many", body)
    #expect(Self.outcome(Array(sample.input.utf8), cuts: [], limits: limits).error?.status == .badRequest)
  }

  @Test func `HTTP 1.0 and Connection decide whether the connection is kept`() {
    let samples: [(String, RequestHead.Persistence)] = [
      ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .keep), ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", .close),
      ("GET / HTTP/1.0\r\n\r\n", .close), ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", .keep),
    ]
    for (input, persistence) in samples {
      guard case .head(let head) = Self.outcome(Array(input.utf8), cuts: []).events.first else { continue }
      #expect(head.persistence == persistence, "\(input)")
    }
  }

  @Test func `the path and the query are decoded, in order and with repetitions`() throws {
    let request = try Request(.get, "/a%2Fb/%C3%A9/?x=1+2&y=%2B&x=&z&=v")
    #expect(request.path == "/a/b/é/")
    #expect(request.pathSegments == ["a/b", "é", ""])
    let expected = [("x", "1 2"), ("y", "+"), ("x", ""), ("z", ""), ("", "v")].map { QueryItem(name: $0, value: $1) }
    #expect(request.query == expected)
  }
}
