import Tensors
import Testing

@Suite struct BufferTests {
  @Test(arguments: [0, 1, 17, 4096])
  func `its memory starts on a cache line`(count: Int) {
    let buffer = Buffer<Float>(repeating: 1, count: count)
    #expect(UInt(bitPattern: buffer.unsafePointer) % 64 == 0)
    #expect(buffer.array == Array(repeating: 1, count: count))
  }

  @Test func `what a mutable span writes, a span reads`() {
    var buffer = Buffer<Int32>([1, 2, 3])
    buffer.withMutableSpan { $0[1] = 20 }
    #expect(buffer.withSpan { $0[1] } == 20)
    #expect(buffer[1] == 20)
  }

  @Test func `reading past its end traps`() async {
    await #expect(processExitsWith: .failure) { _ = Buffer<Float>(repeating: 0, count: 2)[2] }
  }
}
