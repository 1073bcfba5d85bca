import HTTP
import HTTPTypes
import Logging
import Testing

@testable import Service

@Suite struct ServiceLogHandlerTests {
  /// What would end a line, command a terminal in seven bits and in eight, end a string, or turn the reading order round.
  private let hostile = "a\nb\u{1B}[31m\u{9B}32m\"\\\u{202E}é"

  @Test func `writes one JSON object a line, in ASCII whatever was said`() throws {
    let log = TestLog()
    log.logger(.json).info("said", metadata: ["text": .string(hostile), "count": .stringConvertible(3), "share": .stringConvertible(0.5)])
    let escaped = #"a\u000ab\u001b[31m\u009b32m\"\\\u202e\u00e9"#
    #expect(
      log.lines == [
        #"{"time":"1970-01-01T00:00:00.500Z","level":"info","message":"said","count":3,"share":0.5,"text":""# + escaped + "\"}\n"
      ])
    #expect(try log.records("said").first?["text"] as? String == hostile)
  }

  @Test func `writes words for people, and quotes what is more than a word`() {
    let log = TestLog()
    log.logger(.text).error("did not work\n", metadata: ["file": "/a/b.txt", "reason": "no \"x\"", "forged": "1 status=200", "none": ""])
    #expect(
      log.lines == [
        #"1970-01-01T00:00:00.500Z error did not work\u000a file=/a/b.txt forged="1 status=200" none="" reason="no \"x\"""# + "\n"
      ])
  }

  @Test func `gives every line of a request its id, its trace and its key`() throws {
    let log = TestLog()
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    let request = try Request(
      .get, "/", headerFields: [.requestIdentifier: "abc-1", .traceparent: "00-\(trace)-00f067aa0ba902b7-01"])
    let context = RequestContext(request)
    RequestContext.$current.withValue(context) {
      log.logger.info("before")
      context.identify(key: "ci")
      log.logger.info("after")
    }
    log.logger.info("outside")
    let before = try #require(try log.records("before").first)
    #expect(before["request_id"] as? String == "abc-1" && before["trace_id"] as? String == trace && before["key"] == nil)
    #expect(try log.records("after").first?["key"] as? String == "ci")
    #expect(try log.records("outside").first?["request_id"] == nil)
  }

  @Test func `names the request in lines that are written on the work pool`() async throws {
    let log = TestLog()
    let context = RequestContext(try Request(.get, "/", headerFields: [.requestIdentifier: "abc-2"]))
    await RequestContext.$current.withValue(context) {
      await WorkPool(width: 1).run { log.logger.info("decoded") }
    }
    #expect(try log.records("decoded").first?["request_id"] as? String == "abc-2")
  }

  @Test func `says of a request what it was, and shows no more than the beginning of a client's text`() async throws {
    let log = TestLog()
    let harness = await Harness([], log: log)
    _ = try await harness.send(.get, "/mask?grid=2x2")
    _ = try await harness.send(.get, "/nothing/\(String(repeating: "x", count: 1000))%0A")
    let lines = try log.records("request")
    #expect(lines.count == 2)
    #expect(lines[0]["route"] as? String == "/mask" && lines[0]["status"] as? Int == 200 && lines[0]["target"] == nil)
    #expect(lines[0]["request_id"] is String && lines[0]["seconds"] is Double)
    #expect(lines[1]["route"] as? String == "none" && (lines[1]["target"] as? String)?.count == 256)
  }
}
