import HTTPTypes
import Testing

@testable import Service

@Suite struct TraceContextTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let parent = "00f067aa0ba902b7"

  @Test(arguments: ["00-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01-what-later-versions-say"])
  func `is read, of later versions as far as it is known`(field: String) throws {
    let context = try #require(TraceContext(field))
    #expect(context.traceIdentifier == Self.trace && context.flags == "01")
  }

  @Test(arguments: [
    "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-01-more", "ff-\(trace)-\(parent)-01", "00-\(trace.uppercased())-\(parent)-01",
    "00-\(String(repeating: "0", count: 32))-\(parent)-01", "00-\(trace)-\(String(repeating: "0", count: 16))-01",
    "00-\(trace)-\(parent)-0g",
    "00-\(trace)x-\(parent)-01", "0-\(trace)-\(parent)-01", " 00-\(trace)-\(parent)-01",
    "00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01",
  ])
  func `is ignored where it is malformed`(field: String) { #expect(TraceContext(field) == nil) }

  @Test func `goes on in the answer with this server as the parent`() async throws {
    let harness = await Harness([])
    let sent = "00-\(Self.trace)-\(Self.parent)-01"
    let answer = try #require(try await harness.send(.get, "/health/live", [.traceparent: sent]).head.headerFields[.traceparent])
    let context = try #require(TraceContext(answer))
    #expect(context.traceIdentifier == Self.trace && context.flags == "01" && answer != sent)
    let ignored = try await harness.send(.get, "/health/live", [.traceparent: sent + "-"])
    #expect(ignored.status == 200 && ignored.head.headerFields[.traceparent] == nil)
  }
}
