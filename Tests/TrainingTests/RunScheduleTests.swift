import Foundation
import Kernels
import Masking
import TestSupport
import Testing
import VisionModels

@testable import Training

@Suite struct RunScheduleTests {
  private struct Reference: Decodable {
    struct Rate: Decodable {
      let epoch: Double
      let base: Double
      let warmup: Double
      let total: Double
      let lr: Double
    }
    struct Decay: Decodable {
      let epoch: Double
      let decay: Double
    }
    let lr: [Rate]
    let emaDecay: [Decay]
  }

  private func reference() throws -> Reference {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Reference.self, from: Data(contentsOf: Fixtures.file("schedules.json")))
  }

  @Test func `the learning rate equals the reference's`() throws {
    let points = try reference().lr
    #expect(points.count > 5)
    for point in points {
      let schedule = LearningRateSchedule(peak: point.base, warmupEpochs: point.warmup, epochs: point.total)
      #expect(abs(schedule.rate(epoch: point.epoch) - point.lr) <= 1e-15 * point.base, "epoch \(point.epoch)")
    }
  }

  @Test func `the teacher's momentum equals the reference's, and changes between epochs alone`() throws {
    let schedule = PretrainingConfiguration().teacherMomentum
    let points = try reference().emaDecay
    #expect(points.count > 5)
    for point in points {
      #expect(abs(schedule.momentum(epoch: point.epoch) - point.decay) <= 1e-15, "epoch \(point.epoch)")
      #expect(schedule.momentum(epoch: point.epoch + 0.99) == schedule.momentum(epoch: point.epoch))
    }
  }

  @Test func `the momentum may grow over a share of the run, or stay`() throws {
    var configuration = PretrainingConfiguration()
    configuration.schedule.emaGrowth = .share
    configuration.schedule.emaShare = 0.25
    #expect(configuration.teacherMomentum.momentum(epoch: 25) == 0.999 + 0.5 * (0.9999 - 0.999))
    #expect(configuration.teacherMomentum.momentum(epoch: 50) == 0.9999)
    configuration.schedule.emaGrowth = .constant
    #expect(configuration.teacherMomentum.momentum(epoch: 199) == 0.999)
  }

  @Test func `the cosine ends at the least rate, stays there, and needs no warm-up`() {
    let schedule = LearningRateSchedule(peak: 1, minimum: 0.1, warmupEpochs: 0, epochs: 10)
    #expect(schedule.rate(epoch: 0) == 1)
    #expect(schedule.rate(epoch: 5) == 0.1 + 0.9 * 0.5)
    #expect(schedule.rate(epoch: 10) == 0.1)
    #expect(schedule.rate(epoch: 11) == 0.1)
    #expect(LearningRateSchedule(peak: 1, warmupEpochs: 10, epochs: 10).rate(epoch: 10) == 1)
  }

  @Test func `alpha follows the configuration's clock`() {
    var configuration = PretrainingConfiguration()
    #expect(configuration.easyToHard.alpha(epoch: 99.5, epochs: 200) == 0.25)
    configuration.mask.alphaClock = .epochZeroBased
    #expect(configuration.easyToHard.alpha(epoch: 99.5, epochs: 200) == 99.0 / 200 * 0.5)
    configuration.mask.alphaClock = .step
    #expect(configuration.easyToHard.alpha(epoch: 99.5, epochs: 200) == 99.5 / 200 * 0.5)
  }
}
