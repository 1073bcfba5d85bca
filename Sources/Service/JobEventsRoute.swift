import HTTP
import HTTPTypes
import Jobs

/// `GET /jobs/{id}/events`: what happened to a job, as a stream that goes on while it does, or as JSON from where a client left off.
struct JobEventsRoute: Sendable {
  static let streamType = "text/event-stream"
  /// Events of one JSON answer, and of one piece of a stream.
  private static let pageEvents = 500

  let desk: JobDesk

  func answer(_ request: Request) async throws(Problem) -> Response {
    let items = try request.uniqueQuery(knowing: ["after"])
    let negotiation = MediaTypeNegotiation(accept: request.head.headerFields[.accept])
    guard let type = negotiation.best(of: [Self.streamType, AnswerFormat.json.mediaType]) else {
      throw Problem(
        .notAcceptable, "Events come as \(Self.streamType) or \(AnswerFormat.json.mediaType).", parameter: "Accept",
        allowed: [Self.streamType, AnswerFormat.json.mediaType])
    }
    if let after = items.first { return try await page(request, after: try PageQuery.number(after, in: 0...Int.max)) }
    return type == Self.streamType ? try await stream(request) : try await page(request, after: 0)
  }

  private func page(_ request: Request, after: Int) async throws(Problem) -> Response {
    let events = try await events(request, after: after, limit: Self.pageEvents + 1).events
    let page = events.prefix(Self.pageEvents)
    let next = events.count > Self.pageEvents ? page.last.map { String($0.id) } : nil
    return Response(Answer(json: ListPayload(items: page.map(EventPayload.init), next: next)), to: request.head)
  }

  /// A stream from `Last-Event-ID` on; 204, which tells a client not to come again, where the job is over and it knows everything.
  private func stream(_ request: Request) async throws(Problem) -> Response {
    var last = 0
    if let field = request.head.headerFields[.lastEventID] {
      guard let number = Numeral.integer(field, in: 0...Int.max) else {
        throw Problem(
          .invalidParameter, "The header field Last-Event-ID is \"\(field)\", but must be an event's id.", parameter: "Last-Event-ID")
      }
      last = number
    }
    let (job, events) = try await events(request, after: last, limit: 1)
    if job.state.isFinished, events.isEmpty, last > 0 { return Response(.noContent) }
    let stream = JobEventStream(desk.supervisor, job: job.id, after: last, pieceEvents: Self.pageEvents)
    return Response(
      .ok, headerFields: [.contentType: Self.streamType, .cacheControl: "no-store", .vary: "Accept"],
      body: request.head.method == .head ? .empty : .stream { await stream.next() })
  }

  private func events(_ request: Request, after: Int, limit: Int) async throws(Problem) -> (job: Job, events: [JobEvent]) {
    try await desk.obey { () throws(JobError) in
      try await desk.supervisor.events(of: request.parameter("id"), after: after, limit: limit)
    }
  }
}

private struct EventPayload: JSONWritable {
  let event: JobEvent

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", event.id)
      json.member("event", event.kind.rawValue)
      json.member("at", Timestamp.text(seconds: event.at))
      json.member("data", WrittenJSON(text: event.data))
    }
  }
}

extension HTTPField.Name {
  /// HTML Living Standard §9.2.4.
  static let lastEventID = Self("Last-Event-ID")!
}
