import Testing

@testable import Training

@Suite struct EventLogTests {
  private func hexadecimal(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) }
  }

  @Test func `a file is byte for byte what TensorBoard's own writer makes of the same events`() throws {
    let folder = try TemporaryFolder()
    let log = try EventLog(folder: folder.path, resumingAfter: 300, now: { 1.5 })
    try log.append(MetricsRecord(step: 300, epoch: 2, phase: .train, metrics: [Metric(.reconstructionLoss, 0.529), Metric(.alpha, .nan)]))
    try log.append(png: [0x89, 0x50, 0x4E, 0x47], width: 3, height: 2, tag: "evaluation/sheet", step: 300)
    let name = try #require(try folder.names().first)
    #expect(name.hasPrefix("events.out.tfevents.1.000000."))
    // Written with tensorboard 2.21's RecordWriter and message classes, wall time 1.5.
    let expected =
      "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
      + "100000000000000095fbfe1809000000000000f83f10ad023a020801d17949d4"
      + "300000000000000095f5d05f09000000000000f83f10ac022a220a200a19747261696e2f7265636f6e737472756374696f6e5f6c6f7373158b6c073fe2437678"
      + "300000000000000095f5d05f09000000000000f83f10ac022a220a200a106576616c756174696f6e2f7368656574220c080210031803220489504e470bcdbc2b"
    #expect(folder.bytes(name) == hexadecimal(expected))
  }

  @Test func `every start of one second has a file of its own, in order`() throws {
    let folder = try TemporaryFolder()
    for step in 0..<3 { _ = try EventLog(folder: folder.path, resumingAfter: step, now: { 7 }) }
    let names = try folder.names()
    #expect(names.map { $0.split(separator: ".")[4] } == ["000000", "000001", "000002"])
  }
}
