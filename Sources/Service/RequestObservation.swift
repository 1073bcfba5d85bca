import HTTP
import HTTPTypes
import Logging

/// What is seen of every request: one line in the log, one count, one duration, and the trace it belongs to.
struct RequestObservation: Sendable {
  let logger: Logger
  let metrics: ServiceMetrics

  /// How much of a client's text stands in a line, in characters.
  private static let shownCharacters = 256

  /// Lets `handler` answer, in a task whose log lines all carry the request's id.
  func around(_ request: Request, _ handler: Handler) async -> Response {
    let context = RequestContext(request)
    return await RequestContext.$current.withValue(context) {
      let start = ContinuousClock.now
      metrics.began()
      var response = await handler(request)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let status = response.head.status.code
      metrics.answered(route: request.template, method: request.head.method, status: status, seconds: seconds)
      logger.info("request", metadata: line(request, status: status, seconds: seconds))
      if let trace = context.trace { response.head.headerFields[.traceparent] = trace.child() }
      return response
    }
  }

  /// The server has refused a request by itself: it was malformed, too large, or too slow.
  func refused(_ error: ProtocolError) {
    let status = error.status.code
    metrics.refused(status: status)
    logger.info(
      "refused",
      metadata: [
        "request_id": .string(error.requestIdentifier), "status": .stringConvertible(status),
        "reason": .string(String(error.detail.prefix(Self.shownCharacters))),
      ])
  }

  private func line(_ request: Request, status: Int, seconds: Double) -> Logger.Metadata {
    var metadata: Logger.Metadata = [
      "method": .string(String(request.head.method.rawValue.prefix(Self.shownCharacters))), "route": .string(request.template ?? "none"),
      "status": .stringConvertible(status), "seconds": .stringConvertible(seconds), "peer": .string(request.peer),
    ]
    if request.template == nil { metadata["target"] = .string(String((request.head.path ?? "").prefix(Self.shownCharacters))) }
    return metadata
  }
}
