/// Which batch of which epoch, both counted from 0.
package struct BatchPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let epoch: Int
  package let batch: Int

  package init(epoch: Int, batch: Int) {
    self.epoch = epoch
    self.batch = batch
  }

  package var description: String { "epoch \(epoch), batch \(batch)" }

  package static func < (first: BatchPosition, second: BatchPosition) -> Bool {
    (first.epoch, first.batch) < (second.epoch, second.batch)
  }
}
