/// What the files of one checkpoint are called, without their extension: `epoch-0012` after twelve epochs, `epoch-0012-step-00000731` within the thirteenth.
package struct CheckpointName: Hashable, Sendable, CustomStringConvertible {
  /// Whole epochs that were done.
  package let epochs: Int
  /// Steps in all that were done, for a checkpoint within an epoch.
  package let step: Int?

  package init(epochs: Int, step: Int? = nil) {
    self.epochs = epochs
    self.step = step
  }

  /// The checkpoint that a file belongs to; `nil` for a file that belongs to none.
  package init?(file: String) {
    let parts = file.prefix { $0 != "." }.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 4, parts[0] == "epoch", let epochs = Int(parts[1]) else { return nil }
    guard parts.count == 4 else {
      self.init(epochs: epochs)
      return
    }
    guard parts[2] == "step", let step = Int(parts[3]) else { return nil }
    self.init(epochs: epochs, step: step)
  }

  package var description: String {
    "epoch-\(Self.padded(epochs, 4))" + (step.map { "-step-\(Self.padded($0, 8))" } ?? "")
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// Which of these checkpoints go when the newest `last` stay and, of those after whole epochs, one each `every` epochs (0 for none).
  ///
  /// The newest always stays. One within an epoch goes as soon as there is a newer one.
  package static func superseded(_ names: [CheckpointName], keepingLast last: Int, every: Int) -> [CheckpointName] {
    let ordered = names.sorted(by: precedes)
    let newest = Set(ordered.filter { $0.step == nil }.suffix(max(1, last)) + ordered.suffix(1))
    return ordered.filter { name in
      !newest.contains(name) && !(name.step == nil && every > 0 && name.epochs % every == 0)
    }
  }

  /// After an epoch comes what was made within the next.
  private static func precedes(_ a: CheckpointName, _ b: CheckpointName) -> Bool { (a.epochs, a.step ?? -1) < (b.epochs, b.step ?? -1) }
}
