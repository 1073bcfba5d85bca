import Testing

@testable import Training

@Suite struct MetricsLogTests {
  private static func record(_ step: Int, _ phase: MetricsRecord.Phase = .train) -> MetricsRecord {
    MetricsRecord(step: step, epoch: Double(step) / 4, phase: phase, metrics: [Metric(.reconstructionLoss, 1 / Double(step))])
  }

  private static func line(_ record: MetricsRecord) -> [UInt8] { Array(record.json.compact.utf8) + [10] }

  @Test func `killed after any byte and resumed after any step, no step is there twice and none of before is lost`() throws {
    let whole: [UInt8] = (1...4).flatMap { Self.line(Self.record($0)) + Self.line(Self.record($0, .evaluation)) }
    // Around the ends of lines and here and there between.
    for length in 0...whole.count where length % 13 == 0 || whole.prefix(length + 1).suffix(3).contains(10) {
      let written = Array(whole.prefix(length))
      let complete = written.count { $0 == 10 }
      for step in 0...4 {
        let folder = try TemporaryFolder()
        try folder.write(written, to: "metrics.jsonl")
        let log = try MetricsLog(folder.file("metrics.jsonl"), resumingAfter: step, files: DurableFiles())
        let lines = folder.text("metrics.jsonl")?.split(separator: "\n") ?? []
        #expect(lines.count == min(complete, 2 * step))
        try log.append(Self.record(step + 1))
        let steps = try folder.text("metrics.jsonl")?.split(separator: "\n").map { try JSONValue(parsing: $0.utf8)["step"]?.wholeNumber }
        #expect(steps?.count == lines.count + 1 && steps?.last == step + 1)
      }
    }
  }

  @Test func `a number that is not finite is null, and lines of zeros that a power cut left are dropped`() throws {
    let folder = try TemporaryFolder()
    let good = Array("{\"step\":1,\"epoch\":0.0}\n".utf8)
    try folder.write(good + [0, 0, 0, 10] + Array("{\"step\":1,\"ep\n".utf8), to: "metrics.jsonl")
    let log = try MetricsLog(folder.file("metrics.jsonl"), resumingAfter: 1, files: DurableFiles())
    #expect(folder.bytes("metrics.jsonl") == good)
    try log.append(MetricsRecord(step: 2, epoch: 0.25, phase: .evaluation, metrics: [Metric("spearman_full_visible", .nan)]))
    #expect(
      folder.text("metrics.jsonl")?.split(separator: "\n").last
        == "{\"step\":2,\"epoch\":0.25,\"phase\":\"evaluation\",\"spearman_full_visible\":null}")
  }
}
