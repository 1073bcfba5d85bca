import Tensors
import Testing

@Suite struct ShapeTests {
  @Test func `counts the elements of any rank`() {
    #expect(Shape([]).elementCount == 1)
    #expect(Shape([2, 3, 4]).elementCount == 24)
    #expect(Shape([5, 0]).elementCount == 0)
  }

  @Test(arguments: [[-1], [Int.max, 2], [1 << 32, 1 << 32]])
  func `refuses extents from outside that no array has`(dimensions: [Int]) {
    #expect(Shape(checking: dimensions) == nil)
  }

  @Test func `a negative extent in the program traps`() async {
    await #expect(processExitsWith: .failure) { _ = Shape([-1]) }
  }

  @Test func `reads like PyTorch's`() {
    #expect("\(Shape([2, 3]))" == "[2, 3]")
  }
}
