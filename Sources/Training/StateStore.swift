import Foundation

/// The saved states of a run: one file each in its folder `state`, the newest two kept, so that a torn one does not end the run.
package struct StateStore: Sendable {
  /// How many states are kept.
  package static let kept = 2
  private static let prefix = "step-"
  private static let suffix = ".state"
  private static let digits = 12

  let folder: String
  let files: DurableFiles

  package init(folder: String, files: DurableFiles = DurableFiles()) {
    self.folder = folder
    self.files = files
  }

  /// Saves a state; when this returns it is on disk, and older ones than the newest two are gone.
  ///
  /// - Parameters:
  ///   - arrays: What the file holds, in this order.
  ///   - contents: Passes the numbers of the array it is given, whole or in parts, to the closure it is given, which writes them.
  /// - Throws: ``RunError`` where the disk is full or fails; the states saved before are intact then. Whatever `contents` throws.
  package func save(
    _ state: RunState, arrays: [StateArray], contents: (StateArray, (Span<Float>) throws -> Void) throws -> Void
  ) throws {
    try files.replace(path(step: state.step)) { file in
      try file.write(StateFileLayout(state: state, arrays: arrays).opening)
      for array in arrays {
        var left = array.count
        try contents(array) { numbers in
          left -= numbers.count
          try file.write(numbers.bytes)
        }
        precondition(left == 0, "\(array.name) was written with \(array.count - left) numbers instead of \(array.count)")
      }
      try file.write(LittleEndian.bytes(file.checksum.value))
    }
    for step in steps.dropFirst(Self.kept) { try? FileManager.default.removeItem(atPath: path(step: step)) }
  }

  /// The newest state that is whole; `nil` where none was ever saved.
  ///
  /// - Parameter report: Told of every newer one that is not whole.
  /// - Throws: Where there are states but none is whole.
  package func newest(report: (RunError) -> Void) throws(RunError) -> StateReader? {
    let steps = steps
    for step in steps {
      do throws(RunError) { return try StateReader(path(step: step)) } catch { report(error) }
    }
    guard steps.isEmpty else {
      throw RunError(path: folder, reason: "none of its \(steps.count) states is whole; remove them to start the run from its beginning")
    }
    return nil
  }

  /// Removes the states past a step: those that a resumed run makes again.
  package func discard(after step: Int) throws(RunError) {
    for later in steps where later > step {
      let path = path(step: later)
      do { try FileManager.default.removeItem(atPath: path) } catch {
        throw RunError(path: path, reason: "the state cannot be removed: \(error.localizedDescription)")
      }
    }
  }

  /// Steps of the states there are, newest first.
  package var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
      return Int(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count))
    }.sorted(by: >)
  }

  /// The file of the state at a step.
  package func path(step: Int) -> String {
    let number = String(step)
    return "\(folder)/\(Self.prefix)\(String(repeating: "0", count: max(0, Self.digits - number.count)))\(number)\(Self.suffix)"
  }
}
