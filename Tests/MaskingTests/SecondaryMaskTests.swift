import Masking
import Testing

@Suite struct SecondaryMaskTests {
  private static let grid = PatchGrid(rows: 14, columns: 14)

  private func visible(_ seed: UInt64) throws -> [Int] {
    try MaskDrawing(strategy: .uniform, ratio: 0.75, seed: seed).draw(grid: Self.grid).visibleIndices
  }

  @Test(arguments: [(0.25, 13), (0.1, 5), (0.5, 25), (0.9, 45), (0, 0)])
  func `replaces as many as the authors' program does, all of them visible`(ratio: Double, count: Int) throws {
    for seed in 0..<20 as Range<UInt64> {
      let visible = try visible(seed)
      let replaced = SecondaryMask.replaced(of: visible, grid: Self.grid, ratio: ratio, seed: seed)
      #expect(visible.count == 49 && replaced.count == count)
      #expect(Set(replaced).isSubset(of: visible) && Set(replaced).count == count && replaced == replaced.sorted())
    }
  }

  @Test func `the draw depends on seed and patch, not on the order of the patches`() throws {
    let visible = try visible(3)
    let replaced = SecondaryMask.replaced(of: visible, grid: Self.grid, ratio: 0.25, seed: 3)
    #expect(SecondaryMask.replaced(of: visible.reversed(), grid: Self.grid, ratio: 0.25, seed: 3) == replaced)
    #expect(SecondaryMask.replaced(of: visible, grid: Self.grid, ratio: 0.25, seed: 4) != replaced)
  }

  @Test func `every visible patch is replaced equally often`() throws {
    let visible = Array(0..<20)
    var times = [Int](repeating: 0, count: 20)
    for seed in 0..<4000 as Range<UInt64> {
      for patch in SecondaryMask.replaced(of: visible, grid: Self.grid, ratio: 0.25, seed: seed) { times[patch] += 1 }
    }
    // Five of twenty in 4000 draws: 1000 each, six standard deviations of 27.4.
    #expect(times.allSatisfy { abs($0 - 1000) < 165 }, "\(times)")
  }
}
