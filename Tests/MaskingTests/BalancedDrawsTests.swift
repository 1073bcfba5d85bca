import Masking
import Testing

@Suite struct BalancedDrawsTests {
  @Test(arguments: [2, 3, 8, 20, 64], [0.5, 0.6, 0.75, 0.9])
  func `every patch is hidden equally often within one`(draws: Int, ratio: Double) throws {
    let grid = PatchGrid(rows: 7, columns: 8)
    let masks = try BalancedDraws.masks(grid: grid, ratio: ratio, draws: draws)
    let times = (0..<grid.count).map { patch in masks.reduce(0) { $0 + Int($1.values[patch]) } }
    #expect(try #require(times.max()) - (try #require(times.min())) <= 1)
    #expect(try #require(times.min()) >= 1)
    #expect(Set(masks.map(\.maskedCount)) == [MaskCount.masked(of: 56, ratio: ratio)])
    #expect(Set(masks).count == draws || ratio == 0.5 && draws == 2)
  }

  @Test func `too few draws to hide every patch are refused`() {
    #expect(throws: MaskError.tooFewDraws(draws: 2, hiddenPerDraw: 4, patches: 16)) {
      try BalancedDraws.masks(grid: PatchGrid(rows: 4, columns: 4), ratio: 0.25, draws: 2)
    }
  }

  @Test func `a ratio that hides everything is refused`() {
    #expect(throws: MaskError.nothingVisible(ratio: 1, patches: 4)) {
      try BalancedDraws.masks(grid: PatchGrid(rows: 2, columns: 2), ratio: 1, draws: 4)
    }
  }
}
