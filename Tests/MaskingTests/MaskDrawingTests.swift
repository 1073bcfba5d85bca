import Masking
import Tensors
import Testing

@Suite struct MaskDrawingTests {
  private static let grids = [
    PatchGrid(rows: 14, columns: 14), PatchGrid(rows: 6, columns: 6), PatchGrid(rows: 3, columns: 11), PatchGrid(rows: 1, columns: 1),
    PatchGrid(rows: 8, columns: 8),
  ]

  /// Scores without ties.
  private static func scores(_ grid: PatchGrid) -> [Float] { (0..<grid.count).map { Float(($0 * 7919) % 1009) } }

  @Test func `seed 5 masks the patches that the HTTP contract names`() throws {
    let mask = try MaskDrawing(strategy: .random, seed: 5).draw(grid: PatchGrid(rows: 4, columns: 4))
    #expect(mask.maskedIndices == [1, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  }

  @Test(arguments: [MaskStrategy.hard, .easy])
  func `alpha 0 draws what random draws`(strategy: MaskStrategy) throws {
    let grid = PatchGrid(rows: 7, columns: 9)
    let guided = try MaskDrawing(strategy: strategy, ratio: 0.6, alpha: 0, seed: 3).draw(grid: grid, scores: Self.scores(grid))
    #expect(guided == (try MaskDrawing(strategy: .random, ratio: 0.6, seed: 3).draw(grid: grid)))
  }

  @Test(arguments: MaskStrategy.allCases, [0, 0.1, 0.25, 0.5, 0.6, 0.75, 0.9, 1])
  func `every strategy but simmim masks exactly the count of its ratio`(strategy: MaskStrategy, ratio: Double) throws {
    for grid in Self.grids where strategy != .uniform || (grid.rows % 2 == 0 && grid.columns % 2 == 0 && ratio == 0.75) {
      for seed in 0..<20 as Range<UInt64> {
        let drawing = MaskDrawing(strategy: strategy, ratio: ratio, alpha: 0.5, reveal: 0.2, seed: seed, patchSize: 8)
        let mask = try drawing.draw(grid: grid, scores: Self.scores(grid))
        let count = MaskCount.masked(of: grid.count, ratio: ratio)
        if strategy == .simmim {
          #expect(abs(mask.maskedCount - count) <= 8, "half a cell of 16")
        } else {
          #expect(mask.maskedCount == count)
        }
        #expect(mask == (try drawing.draw(grid: grid, scores: Self.scores(grid))))
      }
    }
  }

  @Test func `hard takes the greatest predicted losses and easy the least, ties by lower index`() throws {
    let grid = PatchGrid(rows: 2, columns: 4)
    let scores: [Float] = [1, 9, 9, 2, 9, 3, 0, 0]
    #expect(try MaskDrawing(strategy: .hard, ratio: 0.25).draw(grid: grid, scores: scores).maskedIndices == [1, 2])
    #expect(try MaskDrawing(strategy: .easy, ratio: 0.25).draw(grid: grid, scores: scores).maskedIndices == [6, 7])
    #expect(try MaskDrawing(strategy: .easy, ratio: 0.125).draw(grid: grid, scores: scores).maskedIndices == [6])
  }

  @Test func `a share alpha of the hard mask is the hardest patches, the rest uniform over the others`() throws {
    let grid = PatchGrid(rows: 6, columns: 6)
    let scores = Self.scores(grid)
    let hardest = Set(scores.indices.sorted { scores[$0] > scores[$1] }.prefix(9))
    var times = [Int](repeating: 0, count: grid.count)
    for seed in 0..<2000 as Range<UInt64> {
      let mask = try MaskDrawing(strategy: .hard, ratio: 0.5, alpha: 0.5, seed: seed).draw(grid: grid, scores: scores)
      #expect(hardest.isSubset(of: mask.maskedIndices))
      for patch in mask.maskedIndices { times[patch] += 1 }
    }
    // 9 of the other 27 each time: expected 667, standard deviation 21.
    for patch in 0..<36 where !hardest.contains(patch) { #expect(abs(times[patch] - 667) < 110) }
  }

  @Test func `attention masks what is attended to most, and hints keep the count`() throws {
    let grid = PatchGrid(rows: 5, columns: 4)
    let scores = Self.scores(grid)
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    let plain = try MaskDrawing(strategy: .attention, ratio: 0.5).draw(grid: grid, scores: scores)
    #expect(Set(plain.maskedIndices) == Set(order.prefix(10)))
    let hinted = try MaskDrawing(strategy: .attention, ratio: 0.5, reveal: 0.3).draw(grid: grid, scores: scores)
    #expect(Set(hinted.maskedIndices).intersection(order.prefix(10)).count == 7)
    #expect(Set(order[10..<13]).isSubset(of: hinted.maskedIndices))
  }

  @Test func `uniform leaves one patch of each window, each place as often`() throws {
    let mask = try MaskDrawing(strategy: .uniform, seed: 4).draw(grid: PatchGrid(rows: 8, columns: 8))
    var places = [Int](repeating: 0, count: 4)
    for patch in mask.visibleIndices { places[patch / 8 % 2 * 2 + patch % 2] += 1 }
    #expect(places == [4, 4, 4, 4])
    let windows = Set(mask.visibleIndices.map { $0 / 16 * 4 + $0 % 8 / 2 })
    #expect(windows.count == 16)
  }

  @Test func `square leaves a square visible`() throws {
    let mask = try MaskDrawing(strategy: .square, ratio: 0.75, seed: 9).draw(grid: PatchGrid(rows: 14, columns: 14))
    let rows = Set(mask.visibleIndices.map { $0 / 14 })
    let columns = Set(mask.visibleIndices.map { $0 % 14 })
    #expect(rows.count == 7 && columns.count == 7)
  }

  @Test func `simmim masks whole cells`() throws {
    let mask = try MaskDrawing(strategy: .simmim, ratio: 0.5, seed: 2, patchSize: 16).draw(grid: PatchGrid(rows: 14, columns: 14))
    for row in stride(from: 0, to: 14, by: 2) {
      for column in stride(from: 0, to: 14, by: 2) {
        let cell = [0, 1, 14, 15].map { mask.values[row * 14 + column + $0] }
        #expect(Set(cell).count == 1)
      }
    }
  }

  @Test func `block masks mostly rectangles, not single patches`() throws {
    let grid = PatchGrid(rows: 14, columns: 14)
    let mask = try MaskDrawing(strategy: .block, ratio: 0.4, seed: 1).draw(grid: grid)
    let neighbours = mask.maskedIndices.filter { $0 % 14 < 13 && mask.values[$0 + 1] == 1 }
    #expect(Double(neighbours.count) > 0.7 * Double(mask.maskedCount))
  }

  @Test func `what cannot be drawn is said why`() throws {
    let grid = PatchGrid(rows: 3, columns: 4)
    func problem(_ drawing: MaskDrawing, _ scores: [Float]? = nil) -> String? {
      do {
        _ = try drawing.draw(grid: grid, scores: scores)
        return nil
      } catch { return error.description }
    }
    #expect(problem(MaskDrawing(strategy: .random, ratio: 1.5)) == "ratio is 1.5, but a share of the patches is from 0 to 1")
    #expect(problem(MaskDrawing(strategy: .random, ratio: .nan)) == "ratio is nan, but a share of the patches is from 0 to 1")
    #expect(problem(MaskDrawing(strategy: .hard)) == "strategy hard chooses patches by their predicted loss, which needs an image")
    #expect(
      problem(MaskDrawing(strategy: .attention))
        == "strategy attention chooses patches by the class token's attention, which needs an image")
    #expect(problem(MaskDrawing(strategy: .hard), [1]) == "1 scores were given for 12 patches; give one a patch")
    #expect(
      problem(MaskDrawing(strategy: .hard), [1, .nan] + [Float](repeating: 0, count: 10))
        == "the score of patch 1 is not a finite number")
    #expect(
      problem(MaskDrawing(strategy: .uniform))
        == "strategy uniform keeps one patch of each 2×2 window, so both sides of the grid must be even; it is 3x4")
    #expect(problem(MaskDrawing(strategy: .hard, alpha: -1), Self.scores(grid)) != nil)
  }
}
