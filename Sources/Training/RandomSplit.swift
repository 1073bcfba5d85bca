import Tensors

/// Which images are held back from training, for good: the same for the same number of images and seed.
package struct RandomSplit: Hashable, Sendable {
  /// How many are held back.
  package enum HeldBack: Hashable, Sendable {
    /// Of all, 0 to 1, rounded to the nearest whole number.
    case share(Double)
    case count(Int)
  }

  /// Indices in rising order.
  package let training: [Int]
  /// Indices in rising order.
  package let heldBack: [Int]

  /// Holds back the images with the smallest keys `SplitMix64.key(seed: k, index: i)`, k being the split stream's first number.
  ///
  /// Throws where none would be left to train on, or the number is none.
  package init(of count: Int, holdingBack amount: HeldBack, seed: UInt64) throws(LoadingError) {
    let wanted: Int
    switch amount {
    case .share(let share):
      guard share >= 0 && share <= 1 else { throw .impossibleSplit(heldBack: "a share of \(share)", images: count) }
      wanted = Int((Double(count) * share).rounded())
    case .count(let number): wanted = number
    }
    guard wanted >= 0, wanted < count else { throw .impossibleSplit(heldBack: "\(wanted)", images: count) }
    var generator = RandomStream.split.generator(seed: seed)
    let stream = generator.next()
    let keys = (0..<count).map { SplitMix64.key(seed: stream, index: $0) }
    let order = (0..<count).sorted { (keys[$0], $0) < (keys[$1], $1) }
    heldBack = order.prefix(wanted).sorted()
    training = order.dropFirst(wanted).sorted()
  }
}
