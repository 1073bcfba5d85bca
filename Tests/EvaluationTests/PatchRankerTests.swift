import Evaluation
import Masking
import Testing

/// Rankers on images small enough to count by hand.
@Suite struct PatchRankerTests {
  private let grid = PatchGrid(rows: 1, columns: 2)
  /// One channel, two patches of 2×2: [0 2 / 4 6] and [5 5 / 5 5].
  private let image: [Float] = [0, 2, 5, 5, 4, 6, 5, 5]

  @Test func `patch variance is that of a patch's numbers about their mean`() {
    #expect(PatchRanker.patchVariance.scores(of: image, grid: grid, patchSize: 2) == [5, 0])
  }

  @Test func `gradient energy is the mean squared step to the neighbours within the patch`() {
    // Two steps of 2 to the right, two of 4 downwards; the step from 2 to 5 leaves the patch.
    #expect(PatchRanker.gradientEnergy.scores(of: image, grid: grid, patchSize: 2) == [10, 0])
    #expect(
      PatchRanker.gradientEnergy.scores(of: image, grid: PatchGrid(rows: 2, columns: 4), patchSize: 1) == [Float](repeating: 0, count: 8))
  }

  @Test func `channels are averaged`() {
    let two = image + image.map { 2 * $0 }
    #expect(PatchRanker.gradientEnergy.scores(of: two, grid: grid, patchSize: 2) == [25, 0])
  }

  @Test func `the centre prior falls with the distance from the centre`() {
    let scores = PatchRanker.centrePrior.scores(
      of: [Float](repeating: 0, count: 9), grid: PatchGrid(rows: 3, columns: 3), patchSize: 1)
    #expect(scores[4] == 0)
    #expect(scores[1] == -1 && scores[3] == -1 && scores[5] == -1 && scores[7] == -1)
    #expect(abs(scores[0] + Float(2).squareRoot()) < 1e-6)
  }
}
