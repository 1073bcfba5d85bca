import HTTP

/// `GET /metrics`.
struct MetricsRoute: Sendable {
  let metrics: ServiceMetrics

  func answer(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    return Answer(MetricsText.mediaType, metrics.text())
  }
}
