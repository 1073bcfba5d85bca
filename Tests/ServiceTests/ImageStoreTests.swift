import Images
import Synchronization
import Testing

@testable import Service

/// A clock that stands still until it is told otherwise.
final class ManualClock: Sendable {
  private let seconds = Mutex(1000.0)

  var now: Double { seconds.withLock { $0 } }

  func advance(by duration: Double) { seconds.withLock { $0 += duration } }
}

@Suite struct ImageStoreTests {
  private let clock = ManualClock()
  private let key = MapKey(modelSHA256: "m", framing: "crop", reading: "full_visible")

  private func store(capacity: Int = 100, lifetime: Double = 10) -> ImageStore {
    let clock = clock
    return ImageStore(capacity: capacity, lifetime: lifetime, now: { clock.now })
  }

  @Test func `gives back what it keeps`() {
    let store = store()
    store.keep([1, 2, 3], id: "a")
    let map = PatchMap(rows: 1, columns: 2, values: [1, 2])
    store.keep(map, of: "a", key: key)
    #expect(store.bytes(of: "a") == [1, 2, 3])
    #expect(store.map(of: "a", key: key)?.values == map.values)
    #expect(store.byteCount == 11)
  }

  @Test func `drops the least recently used when it is full`() {
    let store = store()
    store.keep([UInt8](repeating: 0, count: 40), id: "a")
    store.keep([UInt8](repeating: 0, count: 40), id: "b")
    _ = store.bytes(of: "a")
    store.keep([UInt8](repeating: 0, count: 40), id: "c")
    #expect(store.bytes(of: "b") == nil)
    #expect(store.bytes(of: "a") != nil)
    #expect(store.bytes(of: "c") != nil)
    #expect(store.byteCount == 80)
  }

  @Test func `forgets an upload after its lifetime`() {
    let store = store()
    store.keep([1], id: "a")
    clock.advance(by: 9.5)
    #expect(store.bytes(of: "a") != nil)
    clock.advance(by: 0.5)
    #expect(store.bytes(of: "a") == nil)
    #expect(store.byteCount == 0)
  }

  @Test func `starts the lifetime anew with a new upload of the same bytes`() {
    let store = store()
    store.keep([1], id: "a")
    clock.advance(by: 8)
    store.keep([1], id: "a")
    clock.advance(by: 8)
    #expect(store.bytes(of: "a") == [1])
    #expect(store.byteCount == 1)
  }

  @Test(arguments: [(0, 10.0), (100, 0.0)])
  func `keeps nothing where the capacity or the lifetime is zero`(capacity: Int, lifetime: Double) {
    let store = store(capacity: capacity, lifetime: lifetime)
    store.keep([1], id: "a")
    store.keep(PatchMap(rows: 1, columns: 1, values: [1]), of: "a", key: key)
    #expect(store.bytes(of: "a") == nil)
    #expect(store.byteCount == 0)
  }

  @Test func `keeps no map of an upload it does not keep`() {
    let store = store()
    store.keep(PatchMap(rows: 1, columns: 1, values: [1]), of: "a", key: key)
    #expect(store.map(of: "a", key: key) == nil)
    #expect(store.byteCount == 0)
  }

  @Test func `drops an upload whose maps alone outgrow the store`() {
    let store = store(capacity: 20)
    store.keep([1], id: "a")
    store.keep(PatchMap(rows: 1, columns: 5, values: [0, 0, 0, 0, 0]), of: "a", key: key)
    #expect(store.byteCount == 0)
  }
}
