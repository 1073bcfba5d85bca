import TestSupport
import Testing

/// What `hpm bench --training` says of a small step.
@Suite(.serialized) struct BenchTests {
  @Test func `a training step's time is divided among its operations, which add up to it`() async throws {
    let arguments = ["bench", "--training", "--preset", "test", "--batch", "4", "--repetitions", "3", "--threads", "1"]
    let outcome = try await Program.run(arguments)
    #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
    let lines = outcome.text.split(separator: "\n")
    let shares = try lines.compactMap { line in try /\d+\.\d +(-?\d+\.\d) %/.firstMatch(in: line).flatMap { Double($0.output.1) } }
    // Fourteen kinds and the rest, each rounded to a tenth.
    #expect(shares.count >= 14 && abs(shares.reduce(0, +) - 100) < 2, "\(outcome.text)")
    let step = try #require(try /batch 4: (\d+\.\d) ms a step, \d+\.\d images a second/.firstMatch(in: outcome.text))
    #expect(try #require(Double(step.output.1)) > 0)
    let memory = try #require(try /activations (\d+\.\d) MB, peak resident (\d+\.\d) MB/.firstMatch(in: outcome.text))
    let (activations, peak) = (try #require(Double(memory.output.1)), try #require(Double(memory.output.2)))
    #expect(activations > 0 && peak > activations, "\(outcome.text)")
    #expect(outcome.text.contains("its matrix products by oneDNN, packed"))
  }
}
