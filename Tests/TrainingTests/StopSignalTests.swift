import Glibc
import Synchronization
import Testing

@testable import Training

@Suite struct StopSignalTests {
  @Test func `the first signal asks to stop, a second ends the process at once with its own code`() {
    let codes = Mutex<[Int32]>([])
    let stop = StopSignal(echo: .zero) { code in codes.withLock { $0.append(code) } }
    #expect(stop.received == nil)
    stop.receive(.terminate)
    #expect(stop.received == .terminate && codes.withLock { $0 }.isEmpty)
    stop.receive(.interrupt)
    #expect(stop.received == .terminate && codes.withLock { $0 } == [130])
    #expect(StopSignal.Cause.terminate.exitCode == 143 && StopSignal.Cause.interrupt.exitCode == 130)
    #expect(StopSignal.Cause.terminate.rawValue == SIGTERM && StopSignal.Cause.interrupt.rawValue == SIGINT)
  }

  @Test func `an echo of the first signal changes nothing`() {
    let stop = StopSignal(echo: .seconds(3600)) { code in Issue.record("ended with \(code)") }
    stop.receive(.terminate)
    stop.receive(.interrupt)
    #expect(stop.received == .terminate)
  }

  @Test func `real signals arrive: one asks, the next ends`() async {
    let (codes, continuation) = AsyncStream.makeStream(of: Int32.self)
    let stop = StopSignal(echo: .zero) { continuation.yield($0) }
    let listening = stop.listen(to: [.terminate])
    kill(getpid(), SIGTERM)
    while stop.received == nil { await Task.yield() }
    kill(getpid(), SIGTERM)
    #expect(await codes.first { _ in true } == 143)
    listening.cancel()
  }
}
