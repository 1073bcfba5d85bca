import Synchronization
import Testing

@testable import Service

/// Counts how many are inside at once.
private final class Gauge: Sendable {
  private let inside = Mutex((now: 0, most: 0))

  var most: Int { inside.withLock { $0.most } }

  func enter() { inside.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }

  func leave() { inside.withLock { $0.now -= 1 } }
}

@Suite struct WorkPoolTests {
  @Test func `does every piece of work, and never more at once than it is wide`() async {
    let pool = WorkPool(width: 2)
    let gauge = Gauge()
    let results = await withTaskGroup(of: Int.self) { group in
      for number in 0..<200 {
        group.addTask {
          await pool.run {
            gauge.enter()
            defer { gauge.leave() }
            return number
          }
        }
      }
      return await group.reduce(into: Set<Int>()) { $0.insert($1) }
    }
    #expect(results == Set(0..<200))
    #expect((1...2).contains(gauge.most))
  }
}

@Suite struct DigestTests {
  @Test func `is SHA-256 as FIPS 180-4 defines it`() {
    #expect(Digest.sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(Digest.sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(Digest.sha256("abc".utf8) == Digest.sha256(Array("abc".utf8)[...]))
  }
}
