import HTTPTypes
import Tensors
import Testing

@testable import HTTP

@Suite struct MutationTests {
  private static let seeds = [
    "POST /a/b?c=d%20e HTTP/1.1\r\nHost: example.org:80\r\nContent-Length: 11\r\nX: y\r\n\r\nhello world",
    "PUT /x HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nT: u\r\n\r\n",
    "GET http://a/?b HTTP/1.0\r\nConnection: keep-alive, close\r\nAccept: text/html;q=0.5, */*\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
  ].map { Array($0.utf8) }

  private static func mutate(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: index)
      case 2: bytes.insert(UInt8.random(in: 0...127, using: &random), at: index)
      case 3: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
      default: bytes.removeLast(min(bytes.count, Int.random(in: 0...10, using: &random)))
      }
    }
    return bytes
  }

  @Test func `twenty thousand mutated requests neither trap nor read differently in pieces`() {
    var random = SplitMix64(seed: 20_261_123)
    for round in 0..<20_000 {
      let input = Self.mutate(Self.seeds[round % Self.seeds.count], &random)
      let whole = RequestParserTests.outcome(input, cuts: [])
      let cut = Int.random(in: 0...input.count, using: &random)
      let halves = RequestParserTests.outcome(input, cuts: [cut])
      #expect(whole.events == halves.events && whole.error == halves.error, "round \(round)")
    }
  }

  @Test func `mutated requests leave the connection's state in order`() {
    var random = SplitMix64(seed: 7)
    for round in 0..<5000 {
      var state = ConnectionState(configuration: ServerConfiguration(), now: .zero)
      var now = Duration.zero
      var actions = state.received(Self.mutate(Self.seeds[round % Self.seeds.count], &random), now: now)
      for _ in 0..<20 {
        now += .seconds(Int.random(in: 0...10, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: actions += state.received(Self.mutate(Self.seeds[round % Self.seeds.count], &random), now: now)
        case 1: actions += state.respond(Response(.ok, body: .bytes([1])), requestIdentifier: "a", date: "d", now: now)
        case 2: actions += state.timePassed(now: now)
        case 3: actions += state.bodyWanted(now: now)
        case 4: actions += state.drain()
        default: actions += state.receivedEnd(now: now)
        }
      }
      actions += state.fail()
      #expect(state.isClosed && !state.wantsInput)
      #expect(actions.count { $0 == .abort || $0 == .close } == 1, "round \(round)")
    }
  }

  @Test func `mutated forms, targets, media types and ranges never trap`() throws {
    var random = SplitMix64(seed: 11)
    let form = Array("--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x.png\"\r\n\r\n123\r\n--b\r\n\r\n--b--\r\n".utf8)
    let parser = try MultipartParser(contentType: "multipart/form-data; boundary=b")
    for _ in 0..<5000 {
      let body = Self.mutate(form, &random)
      if let parts = try? parser.parts(of: body) { for part in parts { _ = body[part.range] } }
      let text = String(decoding: Self.mutate(Array("text/html; q=0.5, bytes=0-9, \"a\", W/\"b\"".utf8), &random), as: UTF8.self)
      _ = MediaTypeNegotiation(accept: text).best(of: ["text/html", "image/png"])
      _ = MediaType(text)
      _ = EntityTag.matches(ifNoneMatch: text, "\"a\"")
      _ = ByteRange("bytes=" + text.filter { $0.isNumber || $0 == "-" }, size: 100)
      _ = try? RequestTarget("/" + text)
    }
  }
}
