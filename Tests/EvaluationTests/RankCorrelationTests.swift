import Evaluation
import Tensors
import Testing

/// Rank correlations beside known values and plain twins.
@Suite struct RankCorrelationTests {
  @Test func `is one for the same order and minus one for the reverse`() {
    #expect(RankCorrelation.spearman([1, 5, 9, 12], [0.1, 0.2, 70, 71]) == 1)
    #expect(RankCorrelation.spearman([1, 5, 9], [3, 2, 1]) == -1)
    #expect(RankCorrelation.kendall([1, 5, 9, 12], [0.1, 0.2, 70, 71]) == 1)
    #expect(RankCorrelation.kendall([1, 5, 9], [3, 2, 1]) == -1)
  }

  @Test func `shares the mean rank among ties`() throws {
    let value = try #require(RankCorrelation.spearman([1, 2, 2, 3], [1, 2, 3, 4]))
    #expect(abs(value - 0.948_683_298_050_513_7) < 1e-12)
  }

  @Test func `says nothing of a constant or of no numbers`() {
    #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
    #expect(RankCorrelation.kendall([1, 2, 3], [1, 1, 1]) == nil)
    #expect(RankCorrelation.kendall([], []) == nil)
  }

  @Test func `Kendall's coefficient with ties is what SciPy gives`() throws {
    let value = try #require(RankCorrelation.kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]))
    #expect(abs(value - -0.471_404_520_791_031_73) < 1e-12)
  }

  @Test(arguments: [2, 3, 17, 64, 196]) func `Kendall's coefficient is that of counting all pairs`(count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    let first = (0..<count).map { _ in Float(Int(random.nextUnitFloat() * 20)) }
    let second = (0..<count).map { Float($0 % 7) + Float(Int(random.nextUnitFloat() * 5)) }
    var (agreement, told, toldSecond) = (0, 0, 0)
    for i in 0..<count {
      for j in 0..<i {
        let (x, y) = (sign(first[i] - first[j]), sign(second[i] - second[j]))
        agreement += x * y
        told += x * x
        toldSecond += y * y
      }
    }
    let expected = Double(agreement) / (Double(told) * Double(toldSecond)).squareRoot()
    #expect(abs(try #require(RankCorrelation.kendall(first, second)) - expected) < 1e-12)
  }

  private func sign(_ value: Float) -> Int { value > 0 ? 1 : value < 0 ? -1 : 0 }
}
