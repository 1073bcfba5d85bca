import HTTPTypes
import Synchronization
import Testing

@testable import Service

/// Holds an engine until it is opened, and tells when the engine has come to it.
private final class Gate: Sendable {
  private let arrivals = AsyncStream.makeStream(of: Void.self)
  private let opening = AsyncStream.makeStream(of: Void.self)
  private let passes = Mutex(0)

  /// Passes that came to the gate.
  var count: Int { passes.withLock { $0 } }

  @Sendable func pass() async {
    passes.withLock { $0 += 1 }
    arrivals.continuation.yield()
    for await _ in opening.stream { break }
  }

  func arrival() async { for await _ in arrivals.stream { break } }

  func open() { opening.continuation.finish() }
}

@Suite(.timeLimit(.minutes(1))) struct ServedModelTests {
  private let gate = Gate()

  private func model(limit: Int = 100, perPass: Int = 4) -> ServedModel {
    var engine = BrightnessEngine()
    engine.before = gate.pass
    engine.perPass = perPass
    return ServedModel(engine, limits: QueueLimits(images: limit, seconds: .infinity), turns: Turns())
  }

  /// Images of one patch; image i is `first + i` all over.
  private func pixels(_ count: Int, from first: Int = 0) -> PixelBatch {
    PixelBatch(
      count: count, height: 16, width: 16,
      values: (0..<count).flatMap { [Float](repeating: Float(first + $0), count: 3 * 16 * 16) })
  }

  private func ask(_ model: ServedModel, _ pixels: PixelBatch, of client: String = "a") throws -> Task<[Float], any Error> {
    let admission = try model.admit(pixels.count, of: client)
    return Task {
      let finding = try await model.find(.predictedLoss(mode: .fullVisible, draws: 8), pixels, under: admission)
      guard case .values(let values) = finding.content else { return [] }
      return values
    }
  }

  @Test func `gives every request its own numbers, in order, though they share passes`() async throws {
    let model = model()
    gate.open()
    let tasks = try (0..<10).map { try ask(model, pixels($0 % 3 + 1, from: 10 * $0), of: "\($0 % 4)") }
    for (index, task) in tasks.enumerated() {
      #expect(try await task.value == (0...index % 3).map { Float(10 * index + $0) })
    }
    #expect(model.load.images == 0)
    #expect(model.statistics.inferenceCount == 19)
  }

  @Test func `drops what is cancelled while it waits, before it is computed`() async throws {
    let model = model()
    let first = try ask(model, pixels(1))
    await gate.arrival()
    let second = try ask(model, pixels(1))
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    gate.open()
    #expect(try await first.value == [0])
    #expect(gate.count == 1)
    #expect(model.load.images == 0)
  }

  @Test func `computes no more of a batch whose request has gone`() async throws {
    let model = model(perPass: 2)
    let batch = try ask(model, pixels(50))
    await gate.arrival()
    batch.cancel()
    await #expect(throws: CancellationError.self) { try await batch.value }
    gate.open()
    _ = try await ask(model, pixels(1)).value
    #expect(gate.count == 2)
  }

  @Test func `refuses more images than may wait, and takes them again once there is room`() async throws {
    let model = model(limit: 4)
    let first = try ask(model, pixels(2))
    await gate.arrival()
    #expect { try model.admit(1, of: "a") } throws: { ($0 as? Problem)?.kind == .queueFull }
    let second = try ask(model, pixels(2), of: "b")
    #expect { try model.admit(1, of: "c") } throws: { problem in
      (problem as? Problem)?.detail == "Too many images wait for the model brightness: --max-queue-images allows 4."
    }
    gate.open()
    _ = try await (first.value, second.value)
    #expect(try ask(model, pixels(2), of: "c").isCancelled == false)
  }

  @Test func `one failure fails its pass alone`() async throws {
    struct Fault: Error {}
    let failures = Mutex(1)
    var engine = BrightnessEngine()
    engine.before = {
      let isFirst = failures.withLock { failures in
        failures -= 1
        return failures == 0
      }
      if isFirst { throw Fault() }
    }
    let model = ServedModel(engine, limits: ServiceConfiguration().queueLimits, turns: Turns())
    await #expect(throws: Fault.self) { try await ask(model, pixels(9)).value }
    #expect(try await ask(model, pixels(1, from: 3)).value == [3])
    #expect(model.load.images == 0)
  }
}

@Suite struct QueueMetricsTests {
  @Test func `tells how many images wait, and nothing once the model has left`() throws {
    let metrics = ServiceMetrics()
    let model = ServedModel(BrightnessEngine(), limits: QueueLimits(images: 9, seconds: .infinity), turns: Turns(), metrics: metrics)
    func text() -> String { String(decoding: metrics.text(), as: UTF8.self) }
    model.enter()
    #expect(text().contains(#"hpm_queue_limit_images{model="brightness"} 9"#))
    #expect(text().contains(#"hpm_queue_images{model="brightness"} 0"#))
    var admission: Admission? = try model.admit(2, of: "a")
    #expect(text().contains(#"hpm_queue_images{model="brightness"} 2"#))
    model.leave()
    withExtendedLifetime(admission) {}
    admission = nil
    #expect(!text().contains("hpm_queue_images{"))
  }
}

/// What happened, in order.
private final class Record: Sendable {
  private let numbers = Mutex<[Int]>([])

  var all: [Int] { numbers.withLock { $0 } }

  func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}

@Suite(.timeLimit(.minutes(1))) struct TurnsTests {
  @Test func `gives turns one at a time, and everyone one`() async {
    let (turns, record) = (Turns(), Record())
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          await turns.take()
          record.add(number)
          await Task.yield()
          record.add(number)
          turns.give()
        }
      }
    }
    let pairs = stride(from: 0, to: 40, by: 2).map { record.all[$0..<$0 + 2] }
    #expect(pairs.allSatisfy { Set($0).count == 1 })
    #expect(Set(record.all) == Set(0..<20))
  }
}

@Suite struct ByteBudgetTests {
  @Test func `takes what fits, and gives back what leaves`() throws {
    let budget = ByteBudget(100)
    do {
      let first = ByteReservation(of: budget)
      try first.grow(by: 60, retryAfter: 0)
      let second = ByteReservation(of: budget)
      #expect { try second.grow(by: 41, retryAfter: 2.5) } throws: { problem in
        (problem as? Problem)?.kind == .queueFull && (problem as? Problem)?.retryAfter == 3
      }
      try second.grow(by: 40, retryAfter: 0)
      #expect(budget.byteCount == 100)
      withExtendedLifetime((first, second)) {}
    }
    #expect(budget.byteCount == 0)
  }

  @Test func `lets one request be larger than all may be together`() throws {
    let budget = ByteBudget(100)
    let alone = ByteReservation(of: budget)
    try alone.grow(by: 90, retryAfter: 0)
    try alone.grow(by: 90, retryAfter: 0)
    #expect(throws: Problem.self) { try ByteReservation(of: budget).grow(by: 1, retryAfter: 0) }
  }
}

@Suite(.timeLimit(.minutes(1))) struct OverloadTests {
  private let body = Arrays.floats(rows: 1, columns: 1) { _, _ in 0 }

  @Test func `refuses before it decodes, says when to ask again, and serves what it admitted`() async throws {
    let gate = Gate()
    var engine = BrightnessEngine()
    engine.before = gate.pass
    let harness = await Harness([engine]) { $0.maximumQueueImages = 1 }
    async let first = harness.send(.post, "/predict-loss", body: body)
    await gate.arrival()
    // No image at all: a decoder would answer 415.
    let refused = try await harness.send(.post, "/predict-loss", body: Array("no image".utf8))
    #expect(refused.status == 429)
    #expect(refused.head.headerFields[.retryAfter] == "1")
    #expect(try refused.problem() == "queue-full")
    gate.open()
    #expect(try await first.status == 200)
    #expect(try await harness.send(.post, "/predict-loss", body: body).status == 200)
  }

  @Test func `answers 504 to what still waits at its deadline, and never computes it`() async throws {
    let gate = Gate()
    var engine = BrightnessEngine()
    engine.before = gate.pass
    let harness = await Harness([engine])
    async let first = harness.send(.post, "/predict-loss", body: body)
    await gate.arrival()
    let late = try await harness.send(.post, "/predict-loss", [.requestTimeout: "0.01"], body: body)
    #expect(late.status == 504)
    gate.open()
    #expect(try await first.status == 200)
    #expect(gate.count == 1)
  }

  @Test func `answers 429 where the bodies of others fill the memory for them`() async throws {
    let gate = Gate()
    var engine = BrightnessEngine()
    engine.before = gate.pass
    let length = body.count
    let harness = await Harness([engine]) { $0.maximumBufferedBytes = length }
    async let first = harness.send(.post, "/predict-loss", body: body)
    await gate.arrival()
    let refused = try await harness.send(.post, "/mask", body: body)
    #expect(refused.status == 429)
    #expect(try refused.json()["detail"] as? String == "Too many bytes of requests are in memory: --max-buffered-bytes allows \(length).")
    gate.open()
    #expect(try await first.status == 200)
  }
}
