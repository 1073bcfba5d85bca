/// Which images wait for one model, whose they are, and which are computed next.
///
/// A plain value: it starts nothing, waits for nothing and reads no clock; times, in seconds of any clock that never goes back, come in with
/// the calls. A request is admitted before its images are decoded, asks its questions once they are, and is released when it has its answers.
struct AdmissionQueue: Sendable {
  /// A request that was admitted.
  struct Ticket: Sendable, Hashable { fileprivate let number: Int }

  /// A question that waits: some images of a request, to be computed in the same way.
  struct Work: Sendable, Hashable { fileprivate let number: Int }

  /// Images that are computed together.
  struct Pass: Sendable {
    let question: Question
    /// In the order in which they are computed.
    let parts: [Part]

    var imageCount: Int { parts.reduce(0) { $0 + $1.images.count } }
  }

  /// What a pass computes of one work.
  struct Part: Sendable, Hashable {
    fileprivate let ticket: Ticket
    let work: Work
    /// Which of its images.
    let images: Range<Int>
  }

  /// Why a request is not admitted, and the seconds after which it may be.
  enum Refusal: Error, Sendable, Hashable {
    /// All places are taken.
    case full(retryAfter: Double)
    /// The places that one user may have are taken.
    case shareTaken(retryAfter: Double)
    /// The model would begin with it only after `wait` seconds, of which `allowed` are.
    case long(wait: Double, allowed: Double)
    /// Its answer may take `wait` seconds, but is of no use after `allowed`.
    case late(wait: Double, allowed: Double)

    /// Seconds after which asking again may help.
    var retryAfter: Double {
      switch self {
      case .full(let seconds), .shareTaken(let seconds): seconds
      case .long(let wait, let allowed), .late(let wait, let allowed): wait - allowed
      }
    }
  }

  private struct Admitted {
    let client: String
    var images: Int
    let deadline: Double
  }

  private struct Waiting {
    let ticket: Ticket
    let question: Question
    /// Images of one pass at most.
    let bound: Int
    /// The images that no pass has taken yet.
    var images: Range<Int>
  }

  /// One user's questions, the oldest first.
  private struct Line {
    let client: String
    var works: [Work]
  }

  let limits: QueueLimits
  /// Images that were admitted and have not been computed.
  private(set) var imageCount = 0
  private var admitted: [Ticket: Admitted] = [:]
  private var waiting: [Work: Waiting] = [:]
  /// Whose turn it is, in order.
  private var lines: [Line] = []
  private var numbers = 0
  /// Of the whole way, decoding included, while there is something to do.
  private var imageTime = ImageTime()
  /// When the latest pass was done, or the queue was last empty.
  private var progressedAt = 0.0

  init(_ limits: QueueLimits) { self.limits = limits }

  /// Takes a request in, or says why not; a request is always taken into an empty queue.
  ///
  /// - Parameter deadline: When its answer is of no use any more.
  mutating func admit(_ images: Int, of client: String, deadline: Double, now: Double) throws(Refusal) -> Ticket {
    if let refusal = refusal(images, of: client, deadline: deadline, now: now) { throw refusal }
    numbers += 1
    let ticket = Ticket(number: numbers)
    admitted[ticket] = Admitted(client: client, images: images, deadline: deadline)
    if imageCount == 0 { progressedAt = now }
    imageCount += images
    return ticket
  }

  /// Why a request of so many images would not be taken in now.
  func refusal(_ images: Int, of client: String, deadline: Double, now: Double) -> Refusal? {
    guard imageCount > 0 else { return nil }
    let own = count(of: client)
    if imageCount + images > limits.images { return .full(retryAfter: seconds(for: imageCount + images - limits.images)) }
    if own > 0, own + images > limits.share {
      return .shareTaken(retryAfter: seconds(for: turns(for: own + images - limits.share, of: client)))
    }
    let turns = turns(for: own + images, of: client)
    let (before, answer) = (seconds(for: turns - images), imageTime.careful(turns))
    if before > limits.seconds { return .long(wait: before, allowed: limits.seconds) }
    return answer > deadline - now ? .late(wait: answer, allowed: deadline - now) : nil
  }

  /// The request's images are there: they wait from now, at most `bound` of them going together.
  mutating func ask(_ question: Question, images: Int, bound: Int, for ticket: Ticket) -> Work {
    guard let client = admitted[ticket]?.client else { preconditionFailure("a question of a request that was not admitted") }
    precondition(images > 0 && bound > 0, "a question about \(images) images, \(bound) at a time")
    numbers += 1
    let work = Work(number: numbers)
    waiting[work] = Waiting(ticket: ticket, question: question, bound: bound, images: 0..<images)
    if let line = lines.firstIndex(where: { $0.client == client }) {
      lines[line].works.append(work)
    } else {
      lines.append(Line(client: client, works: [work]))
    }
    return work
  }

  /// Takes what waits into the next pass: the question of the user whose turn it is, and whatever else waits with the same question,
  /// image by image in turn, up to the bound. What is past its deadline is passed over: the timer has answered for it.
  mutating func nextPass(now: Double) -> Pass? {
    for work in waiting.keys where isLate(work, now: now) { withdraw(work) }
    guard let first = lines.first?.works.first, let lead = waiting[first] else { return nil }
    let works = lines.compactMap { line in line.works.first { waiting[$0]?.question == lead.question } }
    let counts = Self.divided(lead.bound, among: works.map { waiting[$0]?.images.count ?? 0 })
    let parts = zip(works, counts).filter { $0.1 > 0 }.map { take($0.1, of: $0.0) }
    lines.append(lines.removeFirst())
    lines.removeAll(where: \.works.isEmpty)
    return Pass(question: lead.question, parts: parts)
  }

  /// Removes a question that nobody waits for any more.
  mutating func withdraw(_ work: Work) {
    guard waiting.removeValue(forKey: work) != nil else { return }
    for line in lines.indices { lines[line].works.removeAll { $0 == work } }
    lines.removeAll(where: \.works.isEmpty)
  }

  /// A pass is done: its images free their places.
  mutating func finished(_ pass: Pass, now: Double) {
    imageTime.record((now - progressedAt) / Double(pass.imageCount))
    progressedAt = now
    for part in pass.parts { free(part.images.count, of: part.ticket) }
  }

  /// The request has its answers, or has gone: what it still held is free, and what it still asks is dropped.
  mutating func release(_ ticket: Ticket) {
    for (work, entry) in waiting where entry.ticket == ticket { withdraw(work) }
    free(.max, of: ticket)
    admitted[ticket] = nil
  }

  /// Seconds in which so many images are computed, at the measured rate; 0 before there is one.
  func seconds(for images: Int) -> Double { imageTime.expected(images) }
}

extension AdmissionQueue {
  private func count(of client: String) -> Int {
    admitted.values.reduce(0) { $0 + ($1.client == client ? $1.images : 0) }
  }

  /// Images that are computed until `images` of a user are: while it has its turns, every other user has as many.
  private func turns(for images: Int, of client: String) -> Int {
    var others: [String: Int] = [:]
    for request in admitted.values where request.client != client { others[request.client, default: 0] += request.images }
    return images + others.values.reduce(0) { $0 + min($1, images) }
  }

  private func isLate(_ work: Work, now: Double) -> Bool {
    guard let ticket = waiting[work]?.ticket, let deadline = admitted[ticket]?.deadline else { return false }
    return deadline <= now
  }

  /// `places` dealt out one by one in turn, to none more than it has images.
  private static func divided(_ places: Int, among images: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: images.count)
    var left = min(places, images.reduce(0, +))
    while left > 0 {
      for index in images.indices where left > 0 && counts[index] < images[index] {
        counts[index] += 1
        left -= 1
      }
    }
    return counts
  }

  /// The next images of a work; one that has no more leaves its line.
  private mutating func take(_ count: Int, of work: Work) -> Part {
    guard let entry = waiting[work] else { preconditionFailure("a pass takes what does not wait") }
    let images = entry.images.prefix(count)
    waiting[work]?.images = images.endIndex..<entry.images.upperBound
    if images.endIndex == entry.images.upperBound {
      waiting[work] = nil
      for line in lines.indices { lines[line].works.removeAll { $0 == work } }
    }
    return Part(ticket: entry.ticket, work: work, images: images)
  }

  private mutating func free(_ images: Int, of ticket: Ticket) {
    let held = admitted[ticket]?.images ?? 0
    admitted[ticket]?.images -= min(images, held)
    imageCount -= min(images, held)
  }
}
