import Tensors
import Testing

@testable import Service

@Suite struct AdmissionQueueTests {
  private let question = Question(matter: .predictedLoss(mode: .fullVisible, draws: 8), height: 32, width: 32)
  private let other = Question(matter: .classAttention, height: 32, width: 32)

  private func admitted(
    _ queue: inout AdmissionQueue, _ images: Int, of client: String, deadline: Double = .infinity, now: Double = 0
  ) -> AdmissionQueue.Ticket? {
    try? queue.admit(images, of: client, deadline: deadline, now: now)
  }

  private func next(_ queue: inout AdmissionQueue, now: Double = 0) -> AdmissionQueue.Pass? { queue.nextPass(now: now) }

  /// Admits and asks at once.
  private func ask(
    _ queue: inout AdmissionQueue, _ images: Int, of client: String, _ question: Question? = nil, bound: Int = 4,
    deadline: Double = .infinity
  ) throws -> AdmissionQueue.Work {
    let ticket = try queue.admit(images, of: client, deadline: deadline, now: 0)
    return queue.ask(question ?? self.question, images: images, bound: bound, for: ticket)
  }

  private func refusal(
    _ queue: AdmissionQueue, _ images: Int, of client: String, deadline: Double = .infinity, now: Double = 0
  ) -> AdmissionQueue.Refusal? {
    queue.refusal(images, of: client, deadline: deadline, now: now)
  }

  /// A queue in which one image takes `seconds`.
  private func measured(limit: Int, secondsPerImage seconds: Double, longestWait: Double = .infinity) throws -> AdmissionQueue {
    var queue = AdmissionQueue(QueueLimits(images: limit, seconds: longestWait))
    let ticket = try queue.admit(1, of: "a", deadline: .infinity, now: 0)
    _ = queue.ask(question, images: 1, bound: 1, for: ticket)
    queue.finished(try #require(next(&queue)), now: seconds)
    queue.release(ticket)
    return queue
  }

  @Test func `has nothing to compute while nothing waits`() {
    var queue = AdmissionQueue(limit: 8)
    #expect(next(&queue) == nil)
  }

  @Test func `admits as many images as it has places, and says when there will be some`() throws {
    var queue = try measured(limit: 8, secondsPerImage: 0.5)
    #expect(admitted(&queue, 4, of: "a") != nil)
    #expect(admitted(&queue, 4, of: "b") != nil)
    #expect(refusal(queue, 3, of: "c") == .full(retryAfter: 1.5))
  }

  @Test func `admits any request while nothing else is there`() {
    var queue = AdmissionQueue(limit: 8)
    #expect(admitted(&queue, 100, of: "a") != nil)
    #expect(admitted(&queue, 1, of: "a") == nil)
  }

  @Test func `keeps places for others that one user cannot take`() throws {
    var queue = try measured(limit: 8, secondsPerImage: 1)
    #expect(admitted(&queue, 3, of: "a") != nil)
    #expect(refusal(queue, 2, of: "a") == .shareTaken(retryAfter: 1))
    #expect(admitted(&queue, 1, of: "a") != nil)
    #expect(admitted(&queue, 4, of: "b") != nil)
  }

  @Test func `refuses what would wait past its deadline, counting the turns of others`() throws {
    var queue = try measured(limit: 100, secondsPerImage: 1)
    #expect(admitted(&queue, 40, of: "a") != nil)
    // Two of its own and as many of the other user's.
    // After one measurement of a second an image is expected to take up to three.
    #expect(refusal(queue, 2, of: "b", deadline: 21, now: 10) == .late(wait: 12, allowed: 11))
    #expect(refusal(queue, 2, of: "b", deadline: 22, now: 10) == nil)
  }

  @Test func `lets nobody wait for long, however many places there are`() throws {
    var queue = try measured(limit: 1000, secondsPerImage: 1, longestWait: 30)
    #expect(admitted(&queue, 31, of: "a") != nil)
    #expect(refusal(queue, 1, of: "a") == .long(wait: 31, allowed: 30))
    #expect(refusal(queue, 1, of: "a")?.retryAfter == 1)
    // Another user's first image waits for one turn of the first user's, and a batch for what it has before it, not for itself.
    #expect(refusal(queue, 1, of: "b") == nil)
    #expect(refusal(queue, 400, of: "b", deadline: 10_000) == .long(wait: 31, allowed: 30))
    #expect(refusal(queue, 30, of: "b", deadline: 10_000) == nil)
  }

  @Test(arguments: 0..<20)
  func `answers all it admits in time at three times what it can do, though passes differ and grow slower`(seed: UInt64) throws {
    var (random, queue, now) = (SplitMix64(seed: seed), AdmissionQueue(limit: 10_000), 0.0)
    let (secondsPerImage, patience, arrivalsEach) = (0.25, 60.0, 0.25 / 3)
    var deadlines: [AdmissionQueue.Work: (ticket: AdmissionQueue.Ticket, deadline: Double)] = [:]
    var (arrivals, refused) = (0, 0)
    while now < 600 || !deadlines.isEmpty {
      while Double(arrivals) * arrivalsEach <= min(now, 600) {
        let arrival = Double(arrivals) * arrivalsEach
        arrivals += 1
        do {
          let ticket = try queue.admit(1, of: "a", deadline: arrival + patience, now: now)
          deadlines[queue.ask(question, images: 1, bound: 4, for: ticket)] = (ticket, arrival + patience)
        } catch { refused += 1 }
      }
      let waiting = next(&queue, now: now)
      let pass = try #require(waiting)
      let slowness = now > 300 ? 1.2 : 1
      now += Double(pass.imageCount) * secondsPerImage * slowness * Double.random(in: 0.8...1.2, using: &random)
      queue.finished(pass, now: now)
      for part in pass.parts {
        let asked = deadlines.removeValue(forKey: part.work)
        let (ticket, deadline) = try #require(asked)
        #expect(now <= deadline, "seed \(seed)")
        queue.release(ticket)
      }
    }
    // Two of three are too many; the others were computed.
    #expect((0.6...0.75).contains(Double(refused) / Double(arrivals)), "\(refused) of \(arrivals) were refused")
  }

  @Test func `frees places as images are computed, and all of a request that leaves`() throws {
    var queue = AdmissionQueue(limit: 8)
    let ticket = try #require(admitted(&queue, 6, of: "a"))
    _ = queue.ask(question, images: 6, bound: 4, for: ticket)
    let pass = try #require(next(&queue))
    #expect(queue.imageCount == 6)
    queue.finished(pass, now: 1)
    #expect(queue.imageCount == 2)
    queue.release(ticket)
    #expect(queue.imageCount == 0)
    #expect(next(&queue) == nil)
  }

  @Test func `measures its rate over the whole way, and not while it has nothing to do`() throws {
    var queue = AdmissionQueue(limit: 100)
    // Admitted at 100, decoded and computed by 104: two images in four seconds.
    let ticket = try queue.admit(2, of: "a", deadline: .infinity, now: 100)
    _ = queue.ask(question, images: 2, bound: 4, for: ticket)
    queue.finished(try #require(next(&queue, now: 103)), now: 104)
    queue.release(ticket)
    #expect(queue.seconds(for: 3) == 6)
    // Ten seconds of nothing, then one image in two seconds: the same rate.
    let later = try queue.admit(1, of: "a", deadline: .infinity, now: 114)
    _ = queue.ask(question, images: 1, bound: 4, for: later)
    queue.finished(try #require(next(&queue, now: 115)), now: 116)
    #expect(queue.seconds(for: 3) == 6)
  }

  @Test func `counts an image once though two questions are asked of it`() throws {
    var queue = AdmissionQueue(limit: 8)
    let ticket = try #require(admitted(&queue, 2, of: "a"))
    for question in [question, other] {
      _ = queue.ask(question, images: 2, bound: 4, for: ticket)
      queue.finished(try #require(next(&queue)), now: 1)
    }
    #expect(queue.imageCount == 0)
    queue.release(ticket)
    #expect(queue.imageCount == 0)
  }

  @Test func `lets what waits under one question go together, up to the bound`() throws {
    var queue = AdmissionQueue(limit: 100)
    let works = try ["a", "b", "c"].map { try ask(&queue, 1, of: $0, bound: 2) }
    let pass = try #require(next(&queue))
    #expect(pass.parts.map(\.work) == Array(works[..<2]))
    #expect(next(&queue)?.parts.map(\.work) == [works[2]])
  }

  @Test func `never mixes questions or sizes`() throws {
    var queue = AdmissionQueue(limit: 100)
    let large = Question(matter: question.matter, height: 32, width: 48)
    for (client, question) in [("a", question), ("b", other), ("c", large)] { _ = try ask(&queue, 1, of: client, question) }
    for question in [question, other, large] {
      let pass = try #require(next(&queue))
      #expect(pass.question == question)
      #expect(pass.imageCount == 1)
    }
  }

  @Test func `takes turns image by image, so that a batch holds nobody up`() throws {
    var queue = AdmissionQueue(limit: 1000)
    let batch = try ask(&queue, 256, of: "a")
    _ = queue.nextPass(now: 0)
    let single = try ask(&queue, 1, of: "b")
    let pass = try #require(next(&queue))
    #expect(pass.parts.map(\.work) == [batch, single])
    #expect(pass.parts.map(\.images) == [4..<7, 0..<1])
  }

  @Test func `gives a user of another question the next pass, whatever waited before`() throws {
    var queue = AdmissionQueue(limit: 1000)
    for _ in 0..<10 { _ = try ask(&queue, 8, of: "a") }
    _ = try ask(&queue, 1, of: "b", other)
    #expect(next(&queue)?.question == question)
    #expect(next(&queue)?.question == other)
    #expect(next(&queue)?.question == question)
  }

  @Test func `computes a batch in order and whole`() throws {
    var queue = AdmissionQueue(limit: 100)
    _ = try ask(&queue, 10, of: "a")
    var images: [Range<Int>] = []
    while let pass = queue.nextPass(now: 0) { images += pass.parts.map(\.images) }
    #expect(images == [0..<4, 4..<8, 8..<10])
  }

  @Test func `never computes what is past its deadline`() throws {
    var queue = AdmissionQueue(limit: 100)
    _ = try ask(&queue, 1, of: "a", deadline: 5)
    let later = try ask(&queue, 1, of: "b", deadline: 9)
    #expect(next(&queue, now: 5)?.parts.map(\.work) == [later])
    #expect(next(&queue, now: 5) == nil)
  }

  @Test func `never computes what was withdrawn, nor the rest of what has begun`() throws {
    var queue = AdmissionQueue(limit: 100)
    let begun = try ask(&queue, 6, of: "a")
    let whole = try ask(&queue, 1, of: "b")
    _ = queue.nextPass(now: 0)
    queue.withdraw(begun)
    queue.withdraw(whole)
    #expect(next(&queue) == nil)
  }

  @Test(arguments: 0..<50)
  func `loses nothing and serves everyone under any order of events`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var queue = AdmissionQueue(limit: 64)
    var open: [AdmissionQueue.Ticket] = []
    var asked = 0, computed = 0
    for step in 0..<400 {
      let client = "\(random.next() % 5)"
      switch random.next() % 4 {
      case 0, 1:
        let images = Int(random.next() % 9) + 1
        guard let ticket = admitted(&queue, images, of: client, now: Double(step)) else { continue }
        _ = queue.ask(random.next() % 3 == 0 ? other : question, images: images, bound: 4, for: ticket)
        open.append(ticket)
        asked += images
      default:
        guard let pass = queue.nextPass(now: Double(step)) else { continue }
        #expect((1...4).contains(pass.imageCount))
        computed += pass.imageCount
        queue.finished(pass, now: Double(step))
      }
    }
    while let pass = queue.nextPass(now: 1000) {
      computed += pass.imageCount
      queue.finished(pass, now: 1000)
    }
    #expect(asked == computed, "seed \(seed)")
    #expect(queue.imageCount == 0)
  }
}

extension AdmissionQueue {
  /// A queue that is limited in images alone.
  fileprivate init(limit: Int) { self.init(QueueLimits(images: limit, seconds: .infinity)) }
}
