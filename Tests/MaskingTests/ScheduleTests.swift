import Foundation
import Masking
import TestSupport
import Testing

@Suite struct ScheduleTests {
  @Test(arguments: [(0.75, 147), (0.9, 177), (0.6, 118), (0.5, 98), (0, 0), (1, 196)])
  func `196 patches give the counts that Python gives`(ratio: Double, masked: Int) {
    #expect(MaskCount.masked(of: 196, ratio: ratio) == masked)
  }

  private struct Reference: Decodable {
    struct Count: Decodable {
      let patches: Int
      let ratio: Double
      let alpha: Double
      let masked: Int
      let hard: Int
    }
    let hardCount: [Count]
  }

  @Test func `counts of masked and of hard patches equal the reference's`() throws {
    let data = try Data(contentsOf: Fixtures.file("schedules.json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    for count in try decoder.decode(Reference.self, from: data).hardCount {
      let grid = PatchGrid(rows: 1, columns: count.patches)
      #expect(MaskCount.masked(of: count.patches, ratio: count.ratio) == count.masked)
      // With all scores' order opposite to the keys' the guided part can be told from the rest by its scores.
      let scores = (0..<count.patches).map { Float($0) }
      let mask = try MaskDrawing(strategy: .hard, ratio: count.ratio, alpha: count.alpha, seed: 1).draw(grid: grid, scores: scores)
      #expect(mask.maskedCount == count.masked)
      #expect(mask.values.suffix(count.hard).allSatisfy { $0 == 1 })
    }
  }

  @Test func `alpha grows from zero to a half over the epochs, one-based by default`() {
    let schedule = EasyToHardSchedule()
    #expect(schedule.alpha(epoch: 0, epochs: 200) == 0.0025)
    #expect(schedule.alpha(epoch: 199, epochs: 200) == 0.5)
    #expect(EasyToHardSchedule(clock: .epochZeroBased).alpha(epoch: 0, epochs: 200) == 0)
    #expect(EasyToHardSchedule(clock: .step).alpha(epoch: 50.5, epochs: 101) == 0.25)
    #expect(EasyToHardSchedule(alpha0: 0.5, alphaT: 0).alpha(epoch: 199, epochs: 200) == 0)
  }
}
