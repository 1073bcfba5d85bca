import Jobs

/// The events of one job for one client, piece by piece, in the form of HTML's event streams (HTML Living Standard §9.2).
final class JobEventStream: @unchecked Sendable {  // a response asks for one piece at a time
  /// Seconds after which a client that hears nothing is told that the server is there.
  static let heartbeat = 15.0
  /// Milliseconds after which a client that lost the stream comes again.
  private static let retry = 2000

  private let supervisor: JobSupervisor
  private let job: String
  private let pieceEvents: Int
  private var last: Int
  private var wakes: AsyncStream<JobFeed.Wake>.Iterator
  private var hasBegun = false

  init(_ supervisor: JobSupervisor, job: String, after last: Int, pieceEvents: Int) {
    self.supervisor = supervisor
    self.job = job
    self.last = last
    self.pieceEvents = pieceEvents
    wakes = supervisor.feed.changes(of: job, beat: Self.heartbeat).makeAsyncIterator()
  }

  /// The next piece; `nil` when the job is over, was deleted, or the server leaves.
  func next() async -> [UInt8]? {
    guard hasBegun else {
      hasBegun = true
      return Array("retry: \(Self.retry)\n\n".utf8)
    }
    // What happens after the events were read yields another wake.
    while true {
      guard let (job, events) = try? await supervisor.events(of: job, after: last, limit: pieceEvents) else { return nil }
      if let newest = events.last {
        last = newest.id
        return Array(events.map(Self.text).joined().utf8)
      }
      if job.state.isFinished { return nil }
      switch await wakes.next() {
      case .change: continue
      case .beat: return Array(":\n\n".utf8)
      case nil: return nil
      }
    }
  }

  private static func text(_ event: JobEvent) -> String { "id: \(event.id)\nevent: \(event.kind.rawValue)\ndata: \(event.data)\n\n" }
}
