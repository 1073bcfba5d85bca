import HTTP
import HTTPTypes
import Jobs

/// `/jobs` and the orders to one job.
struct JobsRoute: Sendable {
  private static let greatestKeyBytes = 255

  let desk: JobDesk

  /// `POST /jobs`: 202 once the job is on disk.
  func submit(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let key = try Self.idempotencyKey(request)
    let order = try await JobOrderBody.read(request)
    let made = try await desk.obey { () throws(JobError) in
      try await desk.supervisor.submit(order.submission, key: key.map { IdempotencyKey($0, request: order.digest) }) { job in
        JSONWriter.bytes(of: JobPayload(job: job))
      }
    }
    var answer = Answer(AnswerFormat.json.mediaType, made.body)
    answer.status = .accepted
    answer.fields[.location] = "/jobs/\(made.id)"
    return answer
  }

  /// A text, with or without the quotes that structured fields have.
  private static func idempotencyKey(_ request: Request) throws(Problem) -> String? {
    guard let field = request.head.headerFields[.idempotencyKey] else { return nil }
    let isQuoted = field.count >= 2 && field.hasPrefix("\"") && field.hasSuffix("\"")
    let key = isQuoted ? String(field.dropFirst().dropLast()) : field
    guard !key.isEmpty, key.utf8.count <= greatestKeyBytes else {
      throw Problem(
        .invalidParameter, "The header field Idempotency-Key must have 1 to \(greatestKeyBytes) bytes.", parameter: "Idempotency-Key")
    }
    return key
  }

  /// `GET /jobs`: newest first.
  func list(_ request: Request) async throws(Problem) -> Answer {
    let query = try PageQuery(request, knowing: ["state", "kind"])
    var filter = JobFilter(limit: query.limit)
    filter.after = query.after
    filter.kind = query.others["kind"]
    if let word = query.others["state"] {
      guard let state = JobState(rawValue: word) else {
        let words = JobState.allCases.map(\.rawValue)
        throw Problem(
          .invalidParameter, "The query parameter \"state\" is \"\(word)\", but must be one of \(words.joined(separator: ", ")).",
          parameter: "state", allowed: words)
      }
      filter.state = state
    }
    let wanted = filter
    let jobs = try await desk.obey { () throws(JobError) in try await desk.supervisor.jobs(wanted) }
    let page = jobs.prefix(query.limit)
    return Answer(
      json: ListPayload(items: page.map(JobPayload.init), next: jobs.count > query.limit ? page.last?.id : nil))
  }

  /// `GET /jobs/{id}`.
  func one(_ request: Request) async throws(Problem) -> Answer {
    try await answer(request) { (jobs, id) throws(JobError) in try await jobs.job(id) }
  }

  /// `POST /jobs/{id}/cancel`.
  func cancel(_ request: Request) async throws(Problem) -> Answer {
    try await answer(request) { (jobs, id) throws(JobError) in try await jobs.cancel(id) }
  }

  /// `POST /jobs/{id}/pause`.
  func pause(_ request: Request) async throws(Problem) -> Answer {
    try await answer(request) { (jobs, id) throws(JobError) in try await jobs.pause(id) }
  }

  /// `POST /jobs/{id}/resume`.
  func resume(_ request: Request) async throws(Problem) -> Answer {
    try await answer(request) { (jobs, id) throws(JobError) in try await jobs.resume(id) }
  }

  private func answer(
    _ request: Request, _ order: (JobSupervisor, String) async throws(JobError) -> Job
  ) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let job = try await desk.obey { () throws(JobError) in try await order(desk.supervisor, request.parameter("id")) }
    return Answer(json: JobPayload(job: job))
  }

  /// `DELETE /jobs/{id}`: 204.
  func delete(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    try await desk.obey { () throws(JobError) in try await desk.supervisor.delete(request.parameter("id")) }
    return .nothing
  }
}

extension HTTPField.Name {
  /// draft-ietf-httpapi-idempotency-key-header.
  static let idempotencyKey = Self("Idempotency-Key")!
}
