/// The project's source of chance: Steele, Lea and Flood's SplitMix64, whose i-th number needs no earlier one.
///
/// Equal seeds give equal numbers on every machine. `docs/` and the README show the same generator in five lines of NumPy.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private static let goldenGamma: UInt64 = 0x9E37_79B9_7F4A_7C15
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= Self.goldenGamma
    return Self.mix(state)
  }

  /// The finaliser: a bijection of 64-bit words in which every input bit moves about half of the output bits.
  package static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The sort key of item `index` under `seed`: mix(mix(seed + g) + (index + 1)·g), the draw that the HTTP contract fixes.
  package static func key(seed: UInt64, index: Int) -> UInt64 {
    mix(mix(seed &+ goldenGamma) &+ (UInt64(index) &+ 1) &* goldenGamma)
  }

  /// A number of [0, 1) with 24 random bits.
  package mutating func nextUnitFloat() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number of [0, 1) with 53 random bits.
  package mutating func nextUnitDouble() -> Double { Double(next() >> 11) * 0x1p-53 }
}
