import Testing

@testable import Service

@Suite struct ImageTimeTests {
  @Test func `knows nothing before it has measured`() {
    let time = ImageTime()
    #expect(time.expected(100) == 0 && time.careful(100) == 0)
  }

  @Test func `is careful with one measurement, and believes a hundred that agree`() {
    var time = ImageTime()
    time.record(0.5)
    #expect(time.expected(4) == 2)
    #expect(time.careful(4) == 6)
    for _ in 0..<100 { time.record(0.5) }
    #expect(time.expected(4) == 2)
    #expect(abs(time.careful(4) - 2) < 1e-6)
  }

  @Test func `grows more careful the further passes stray from their mean`() {
    func careful(straying spread: Double) -> Double {
      var time = ImageTime()
      for pass in 0..<1000 { time.record(pass.isMultiple(of: 2) ? 1 - spread : 1 + spread) }
      return time.careful(1)
    }
    // The mean and four deviations.
    #expect(abs(careful(straying: 0.1) - 1.4) < 0.05)
    #expect(abs(careful(straying: 0.25) - 2) < 0.1)
  }

  @Test func `follows a rate that has changed`() {
    var time = ImageTime()
    for _ in 0..<100 { time.record(1) }
    for _ in 0..<50 { time.record(3) }
    #expect(abs(time.expected(1) - 3) < 0.01)
  }
}
