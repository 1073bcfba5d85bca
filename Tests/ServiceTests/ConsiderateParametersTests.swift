import Kernels
import Synchronization
import Testing
import VisionModels

@testable import Service

@Suite struct ConsiderateParametersTests {
  /// Parameters of which each is one, and what has been done in which order.
  private final class Diary: ParameterSource, Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    func hasParameter(_ name: String) -> Bool { name != "missing" }
    func readParameter(_ name: String, into destination: inout MutableSpan<Float>) throws { destination[0] = 1 }
  }

  @Test func `an order that waits is done before a model is loaded`() async throws {
    let (thread, diary) = (ComputeThread(), Diary())
    async let load: Void = thread.run {
      let parameters = ConsiderateParameters(diary, on: thread, slice: .zero)
      let begun = ContinuousClock.now
      diary.note("begun")
      // The only way for the order to be done before this one ends is between two reads.
      while diary.all.count < 2, ContinuousClock.now - begun < .seconds(60) {
        var number: [Float] = [0]
        var span = number.mutableSpan
        try parameters.readParameter("weight", into: &span)
        precondition(number == [1], "a parameter that was not read")
      }
      diary.note("loaded")
    }
    while diary.all.isEmpty { await Task.yield() }
    try await thread.run { diary.note("order") }
    try await load
    #expect(diary.all == ["begun", "order", "loaded"])
  }

  @Test func `what is missing is missing`() {
    let parameters = ConsiderateParameters(Diary(), on: ComputeThread())
    #expect(parameters.hasParameter("weight") && !parameters.hasParameter("missing"))
  }
}
