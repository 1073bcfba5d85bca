package import Tensors

/// What numbers are drawn for, so that one seed gives each purpose a chance of its own.
package enum RandomStream: Int, Sendable {
  /// The order of the images in an epoch.
  case order = 1
  /// The crop and mirroring of an image in an epoch.
  case augmentation
  /// Which images are held back.
  case split

  /// The generator of (seed, epoch, index): `SplitMix64(k(k(k(seed, purpose), epoch), index))`, where k is ``SplitMix64/key(seed:index:)``.
  package func generator(seed: UInt64, epoch: Int = 0, index: Int = 0) -> SplitMix64 {
    let purpose = SplitMix64.key(seed: seed, index: rawValue)
    return SplitMix64(seed: SplitMix64.key(seed: SplitMix64.key(seed: purpose, index: epoch), index: index))
  }
}

extension SplitMix64 {
  /// A whole number of 0 ..< `bound`: ⌊u · bound⌋ of a u of 53 random bits.
  mutating func nextInteger(below bound: Int) -> Int { min(bound - 1, Int(nextUnitDouble() * Double(bound))) }
}
