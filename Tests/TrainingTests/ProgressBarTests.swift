import Testing

@testable import Training

@Suite struct ProgressBarTests {
  private final class Screen {
    var surface = ProgressBar.Surface.terminal(columns: 200)
    var time = 0.0
    var text = ""

    lazy var bar = ProgressBar(surface: { [self] in surface }, now: { [self] in time }, write: { [self] in text += $0 })

    func taken() -> String {
      defer { text = "" }
      return text
    }
  }

  private static func report(step: Int) -> ProgressReport {
    ProgressReport(
      step: step, steps: 400, epoch: 2, epochs: 12, reconstructionLoss: 0.52914, predictingLoss: 0.585, chanceLoss: 0.693147,
      pairAccuracy: 0.7124, imagesPerSecond: 412.3, secondsLeft: 245)
  }

  private static let numbers =
    "epoch 3/12  loss 0.5291  predicting 0.5850 (chance 0.693)  pairs 71.2 %  412 images/s  4:05 left"

  @Test func `a terminal shows a bar with all numbers, written over itself`() {
    let screen = Screen()
    screen.bar.update(Self.report(step: 100))
    #expect(screen.taken() == "\r\u{1B}[K[#####---------------] 25 %  \(Self.numbers)")
    screen.bar.update(Self.report(step: 101))
    #expect(screen.taken().isEmpty)
    screen.time = 0.2
    screen.bar.update(Self.report(step: 102))
    #expect(screen.taken().hasPrefix("\r\u{1B}[K[#####"))
    screen.bar.say("A checkpoint is saved.")
    #expect(screen.taken() == "\r\u{1B}[KA checkpoint is saved.\n")
    screen.bar.update(Self.report(step: 400))
    screen.bar.finish()
    #expect(screen.taken() == "\r\u{1B}[K[####################] 100 %  \(Self.numbers)\n")
  }

  @Test func `a narrow terminal shows as much as fits`() {
    let screen = Screen()
    screen.surface = .terminal(columns: 31)
    screen.bar.update(Self.report(step: 100))
    #expect(screen.taken() == "\r\u{1B}[K[#####---------------] 25 %  e")
  }

  @Test func `elsewhere a plain line comes now and then, and at the end`() {
    let screen = Screen()
    screen.surface = .plain
    for step in 1...400 {
      screen.bar.update(Self.report(step: step))
      screen.time += 0.1
      if step == 200 { screen.bar.say("A sentence.") }
    }
    screen.bar.finish()
    #expect(screen.taken() == "step 1/400  \(Self.numbers)\nA sentence.\nstep 301/400  \(Self.numbers)\nstep 400/400  \(Self.numbers)\n")
  }

  @Test func `without a loss predictor nothing is said of it`() {
    let report = ProgressReport(
      step: 0, steps: 0, epoch: 0, epochs: 1, reconstructionLoss: 1, imagesPerSecond: 0.5, secondsLeft: .infinity)
    #expect(report.text == "epoch 1/1  loss 1.0000  0.5 images/s  unknown time left")
    #expect(ProgressBar.line(report, columns: 80).hasPrefix("[--------------------] 0 %"))
  }

  @Test(arguments: [
    (0.0, "0:00"), (59.6, "1:00"), (3600, "1:00:00"), (100_000, "1 d 3:46:40"), (-1, "unknown time"), (.nan, "unknown time"),
  ])
  func `durations read as clocks do`(seconds: Double, text: String) { #expect(ProgressReport.duration(seconds) == text) }
}
