import Tensors
import Testing

@Suite struct BFloat16Tests {
  /// Values and their patterns as PyTorch's `tensor.bfloat16().view(torch.int16)` gives them.
  @Test(
    arguments: [
      (1, 0x3F80), (-2.5, 0xC020), (1.00390625, 0x3F80), (1.01171875, 0x3F82), (3.4e38, 0x7F80), (.infinity, 0x7F80), (0, 0),
      (Float(bitPattern: 0x0001_0000), 0x0001),
    ] as [(Float, UInt16)])
  func `rounds to nearest, ties to even`(value: Float, bits: UInt16) {
    #expect(BFloat16(value).bitPattern == bits)
  }

  @Test func `a NaN stays a NaN`() {
    #expect(BFloat16(Float(bitPattern: 0x7F80_0001)).float.isNaN)
  }

  @Test func `every pattern survives the way to float32 and back`() {
    for bits in UInt16.min...UInt16.max where !BFloat16(bitPattern: bits).float.isNaN {
      #expect(BFloat16(BFloat16(bitPattern: bits).float).bitPattern == bits)
    }
  }
}
