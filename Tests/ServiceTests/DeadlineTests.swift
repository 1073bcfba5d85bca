import Testing

@testable import Service

@Suite struct DeadlineTests {
  @Test(.timeLimit(.minutes(1)))
  func `answers late when the work does not end, and cancels it`() async {
    let (cancelled, continuation) = AsyncStream.makeStream(of: Void.self)
    let answer = await Deadline.race(seconds: 0.01, late: { "late" }) {
      await withTaskCancellationHandler {
        // Ends only once it has been cancelled.
        for await _ in cancelled { break }
        return "work"
      } onCancel: {
        continuation.yield()
        continuation.finish()
      }
    }
    #expect(answer == "late")
  }

  @Test(.timeLimit(.minutes(1)))
  func `gives what the work gives in time`() async {
    #expect(await Deadline.race(seconds: 60, late: { "late" }) { "work" } == "work")
  }
}
