/// The upper half of a float32: one sign bit, eight exponent bits, seven of fraction.
package struct BFloat16: BitwiseCopyable, Hashable, Sendable {
  package var bitPattern: UInt16

  package init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest bfloat16, ties to even, as processors and PyTorch round; a NaN stays a quiet NaN.
  package init(_ value: Float) {
    let bits = value.bitPattern
    guard !value.isNaN else {
      bitPattern = UInt16(bits >> 16) | 0x0040
      return
    }
    let lowestKept = (bits >> 16) & 1
    bitPattern = UInt16((bits &+ 0x7FFF &+ lowestKept) >> 16)
  }

  /// The same number as a float32; exact.
  package var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}
