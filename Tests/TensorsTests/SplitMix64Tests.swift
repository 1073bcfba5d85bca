import Tensors
import Testing

@Suite struct SplitMix64Tests {
  @Test func `the keys of seed 0 are those of the HTTP contract`() {
    let keys = (0..<3).map { SplitMix64.key(seed: 0, index: $0) }
    #expect(keys == [12_035_550_249_420_947_055, 12_935_080_325_729_570_654, 7_141_179_953_334_974_231])
  }

  @Test func `the keys of a seed are the stream that starts at its mixed seed`() {
    var stream = SplitMix64(seed: SplitMix64.mix(41 &+ 0x9E37_79B9_7F4A_7C15))
    for index in 0..<100 { #expect(stream.next() == SplitMix64.key(seed: 41, index: index)) }
  }

  @Test func `unit numbers stay below one`() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<10_000 {
      let number = generator.nextUnitFloat()
      #expect(number >= 0 && number < 1)
    }
  }
}
