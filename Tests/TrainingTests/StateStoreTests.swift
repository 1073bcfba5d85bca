import Foundation
import Tensors
import Testing

@testable import Training

@Suite struct StateStoreTests {
  private static let arrays = [
    StateArray(name: "student/weights", count: 3_000), StateArray(name: "teacher/weights", count: 7), StateArray(name: "empty", count: 0),
    StateArray(name: "optimizer/first_moment", count: 1_500_000),
  ]

  /// Every kind of float32: any bits, so infinities, subnormals, negative zero and not-a-numbers with their payloads.
  private static func numbers(_ array: StateArray, seed: Int) -> [Float] {
    var random = SplitMix64(seed: UInt64(seed + array.count))
    return (0..<array.count).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
  }

  private static func state(step: Int) -> RunState {
    var state = RunState()
    state.step = step
    state.epoch = 3
    state.batch = 17
    state.skippedInRow = 2
    state.skipped = 5
    state.clocks = ["loss": 0.1 + 0.2, "nothing": -.nan, "zero": -0.0]
    state.words = ["augmentation": .max, "order": 0]
    return state
  }

  private static func save(_ store: StateStore, step: Int, arrays: [StateArray] = arrays) throws {
    try store.save(state(step: step), arrays: arrays) { array, write in
      let numbers = numbers(array, seed: step)
      try write(numbers.span.extracting(first: numbers.count / 3))
      try write(numbers.span.extracting(droppingFirst: numbers.count / 3))
    }
  }

  private static func restored(_ reader: StateReader, expecting arrays: [StateArray] = arrays) throws -> [String: [UInt32]] {
    var found: [String: [UInt32]] = [:]
    try reader.restore(arrays) { array, read in
      var buffer = Buffer<Float>(repeating: 0, count: array.count)
      try buffer.withMutableSpan { try read(&$0) }
      found[array.name] = buffer.array.map(\.bitPattern)
    }
    return found
  }

  private func newest(_ store: StateStore) throws -> (reader: StateReader?, reports: [RunError]) {
    var reports: [RunError] = []
    let reader = try store.newest { reports.append($0) }
    return (reader, reports)
  }

  @Test func `a state comes back bit by bit`() throws {
    let folder = try TemporaryFolder()
    let store = StateStore(folder: folder.path)
    #expect(try newest(store).reader == nil)
    try Self.save(store, step: 12)
    let reader = try #require(try newest(store).reader)
    #expect(reader.state.clocks.mapValues(\.bitPattern) == Self.state(step: 12).clocks.mapValues(\.bitPattern))
    #expect(reader.state.words == Self.state(step: 12).words)
    #expect(reader.state.json == Self.state(step: 12).json)
    let found = try Self.restored(reader)
    for array in Self.arrays { #expect(found[array.name] == Self.numbers(array, seed: 12).map(\.bitPattern), "\(array.name)") }
  }

  @Test func `the newest two are kept`() throws {
    let folder = try TemporaryFolder()
    let store = StateStore(folder: folder.path)
    for step in [5, 10, 15, 20] { try Self.save(store, step: step, arrays: []) }
    #expect(store.steps == [20, 15])
    #expect(try folder.names() == ["step-000000000015.state", "step-000000000020.state"])
    try store.discard(after: 15)
    #expect(store.steps == [15])
  }

  @Test func `a state that was cut off anywhere is told, and the one before it is taken`() throws {
    let folder = try TemporaryFolder()
    let store = StateStore(folder: folder.path)
    let arrays = [StateArray(name: "a", count: 5)]
    try Self.save(store, step: 1, arrays: arrays)
    try Self.save(store, step: 2, arrays: arrays)
    let name = "step-000000000002.state"
    let whole = try #require(folder.bytes(name))
    for length in 0..<whole.count {
      try folder.write(Array(whole.prefix(length)), to: name)
      let (reader, reports) = try newest(store)
      #expect(reader?.state.step == 1, "of \(length) bytes")
      #expect(reports.map(\.path) == [folder.file(name)])
    }
    try folder.write(whole + [0], to: name)
    #expect(try newest(store).reader?.state.step == 1)
    try folder.write(whole, to: name)
    #expect(try newest(store).reader?.state.step == 2)
  }

  @Test func `a changed byte anywhere is noticed`() throws {
    let folder = try TemporaryFolder()
    let store = StateStore(folder: folder.path)
    try Self.save(store, step: 2, arrays: [StateArray(name: "a", count: 5)])
    let name = "step-000000000002.state"
    let whole = try #require(folder.bytes(name))
    for index in whole.indices {
      for flip: UInt8 in [1, 0x80] {
        var changed = whole
        changed[index] ^= flip
        try folder.write(changed, to: name)
        #expect(throws: RunError.self, "byte \(index)") { try newest(store) }
      }
    }
  }

  @Test func `a file whose checksum fits but whose header lies is refused`() throws {
    let folder = try TemporaryFolder()
    let state = RunState().json.compact
    for header in [
      "", "[]", "{}", #"{"state": 1, "arrays": []}"#, #"{"state": \#(state), "arrays": [["a", 9]]}"#,
      #"{"state": \#(state), "arrays": [["a", -1]]}"#, #"{"state": \#(state), "arrays": [["a", 9223372036854775807]]}"#,
      #"{"state": \#(state), "arrays": [["a"]]}"#, #"{"state": {"step": -1}, "arrays": []}"#,
      #"{"state": \#(state), "arrays": []}"#,
    ] {
      let body = StateFileLayout.mark + LittleEndian.bytes(UInt64(header.utf8.count)) + header.utf8 + [UInt8](repeating: 0, count: 4)
      try folder.write(body + LittleEndian.bytes(CRC32C.value(of: body)), to: "step-000000000001.state")
      #expect(throws: RunError.self, "\(header)") { try newest(StateStore(folder: folder.path)) }
    }
  }

  @Test func `arrays that are missing, unexpected or of another length are all named`() throws {
    let folder = try TemporaryFolder()
    let store = StateStore(folder: folder.path)
    try Self.save(store, step: 1, arrays: [StateArray(name: "a", count: 2), StateArray(name: "b", count: 3)])
    let reader = try #require(try newest(store).reader)
    let expected = [StateArray(name: "b", count: 4), StateArray(name: "c", count: 1)]
    #expect(
      throws: RunError(
        path: folder.file("step-000000000001.state"),
        reason: "the state is of another network or optimizer: c is missing, a is unexpected, b has 3 numbers instead of 4")
    ) { try Self.restored(reader, expecting: expected) }
  }

  @Test func `whichever operation fails while saving, the states before are intact`() throws {
    var failures = 0
    for number in 0... {
      let folder = try TemporaryFolder()
      try Self.save(StateStore(folder: folder.path), step: 1)
      try Self.save(StateStore(folder: folder.path), step: 2)
      let plan = FaultPlan(refusing: number)
      do {
        try Self.save(StateStore(folder: folder.path, files: plan.files), step: 3)
      } catch { #expect(error is RunError) }
      if !plan.wasReached { break }
      failures += 1
      let reader = try #require(try newest(StateStore(folder: folder.path)).reader)
      // Only when the rename was done and its folder could not be synchronised is the new one there.
      #expect([2, 3].contains(reader.state.step))
      #expect(StateStore(folder: folder.path).steps.contains(2))
      let found = try Self.restored(reader)
      #expect(found["teacher/weights"] == Self.numbers(Self.arrays[1], seed: reader.state.step).map(\.bitPattern))
    }
    #expect(failures >= 6)
  }
}
