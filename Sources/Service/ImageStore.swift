import Images
import Synchronization

/// What one image was turned into by one model in one way: the key of a kept map.
struct MapKey: Hashable, Sendable {
  let modelSHA256: String
  /// `fit`, with `max_side` where it counts.
  let framing: String
  /// The mode and its draws, or `attention`.
  let reading: String

  init(modelSHA256: String, framing: String, reading: String) {
    self.modelSHA256 = modelSHA256
    self.framing = framing
    self.reading = reading
  }
}

/// The uploads of the last while and the maps made of them, bounded in bytes and in age; the least recently used leaves first.
///
/// What came with one key is found with that key alone.
final class ImageStore: Sendable {
  private struct Entry {
    var bytes: [UInt8]
    var maps: [MapKey: PatchMap] = [:]
    var storedAt: Double
    var lastUse: UInt64

    var cost: Int { bytes.count + maps.values.reduce(0) { $0 + $1.values.count * MemoryLayout<Float>.stride } }
  }

  /// Whose upload it is, and its digest.
  private struct Place: Hashable {
    let keyName = RequestContext.current?.keyName
    let id: String
  }

  private struct State {
    var entries: [Place: Entry] = [:]
    var bytes = 0
    var uses: UInt64 = 0
    /// No upload was stored before this time.
    var oldest = Double.infinity
  }

  private let capacity: Int
  private let lifetime: Double
  private let now: @Sendable () -> Double
  private let state = Mutex(State())

  /// A store of at most `capacity` bytes, each upload kept `lifetime` seconds; with 0 for either nothing is kept.
  ///
  /// `now` is a clock in seconds that never goes back.
  init(capacity: Int, lifetime: Double, now: @escaping @Sendable () -> Double) {
    self.capacity = capacity
    self.lifetime = lifetime
    self.now = now
  }

  /// Keeps an upload; one that is kept already starts its lifetime anew.
  func keep(_ bytes: [UInt8], id: String) {
    guard lifetime > 0, bytes.count <= capacity else { return }
    let place = Place(id: id)
    state.withLock { state in
      var entry = state.entries[place] ?? Entry(bytes: bytes, storedAt: 0, lastUse: 0)
      entry.storedAt = now()
      replace(place, with: entry, in: &state)
    }
  }

  /// Keeps a map of an upload, where that is still kept.
  func keep(_ map: PatchMap, of id: String, key: MapKey) {
    let place = Place(id: id)
    state.withLock { state in
      dropExpired(from: &state)
      guard var entry = state.entries[place] else { return }
      entry.maps[key] = map
      replace(place, with: entry, in: &state)
    }
  }

  /// The bytes of an upload, or `nil` where they are not, or no longer, kept.
  func bytes(of id: String) -> [UInt8]? { entry(id)?.bytes }

  /// A map of an upload, or `nil` where it is not, or no longer, kept.
  func map(of id: String, key: MapKey) -> PatchMap? { entry(id)?.maps[key] }

  /// How many bytes of images and maps are kept.
  var byteCount: Int {
    state.withLock { state in
      dropExpired(from: &state)
      return state.bytes
    }
  }

  private func entry(_ id: String) -> Entry? {
    let place = Place(id: id)
    return state.withLock { state in
      dropExpired(from: &state)
      guard let entry = state.entries[place] else { return nil }
      replace(place, with: entry, in: &state)
      return entry
    }
  }

  /// Stores `entry` as the most recently used, then drops others, oldest use first, until all fit.
  private func replace(_ place: Place, with entry: Entry, in state: inout State) {
    var entry = entry
    state.uses += 1
    entry.lastUse = state.uses
    state.oldest = min(state.oldest, entry.storedAt)
    state.bytes += entry.cost - (state.entries[place]?.cost ?? 0)
    state.entries[place] = entry
    while state.bytes > capacity, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      drop(oldest.key, from: &state)
    }
  }

  private func dropExpired(from state: inout State) {
    let limit = now() - lifetime
    guard state.oldest <= limit else { return }
    for (place, entry) in state.entries where entry.storedAt <= limit { drop(place, from: &state) }
    state.oldest = state.entries.values.lazy.map(\.storedAt).min() ?? .infinity
  }

  private func drop(_ place: Place, from state: inout State) {
    guard let entry = state.entries.removeValue(forKey: place) else { return }
    state.bytes -= entry.cost
  }
}
