import HTTP
import HTTPTypes
import Logging

/// Turns work that gives an answer or a problem into a handler of HTTP, and keeps its deadline.
struct Endpoint: Sendable {
  /// Seconds a request may take at most.
  let requestTimeout: Double
  let metrics: ServiceMetrics

  /// What `Request-Timeout` may be, in seconds; the server's own time-out still holds.
  static let requestTimeouts = 0.001...1e9

  /// A handler that does `work` within the request's deadline.
  func handler(_ work: @escaping @Sendable (Request) async throws(Problem) -> Answer) -> Handler {
    { request in
      do throws(Problem) {
        let seconds = try Self.deadline(request.head.headerFields, atMost: requestTimeout).get()
        let answer = try await Self.answer(to: request, within: seconds, work).get()
        metrics.record(answer)
        return Response(answer, to: request.head)
      } catch {
        metrics.record(error)
        return Response(error, instance: request.instance)
      }
    }
  }

  /// A handler of answers that take as long as the client takes to send or to receive: without a deadline.
  func transfer(_ work: @escaping @Sendable (Request) async throws(Problem) -> Response) -> Handler {
    { request in
      do throws(Problem) { return try await work(request) } catch {
        metrics.record(error)
        return Response(error, instance: request.instance)
      }
    }
  }

  private static func answer(
    to request: Request, within seconds: Double, _ work: @escaping @Sendable (Request) async throws(Problem) -> Answer
  ) async -> Result<Answer, Problem> {
    await Deadline.race(seconds: seconds) {
      .failure(Problem(.deadline, "The answer was not ready within \(seconds) seconds, the request's deadline."))
    } work: {
      do throws(Problem) {
        return .success(try await work(request))
      } catch {
        return .failure(error)
      }
    }
  }

  /// The seconds that `Request-Timeout` allows, never more than the server does.
  private static func deadline(_ fields: HTTPFields, atMost limit: Double) -> Result<Double, Problem> {
    guard let text = fields[.requestTimeout] else { return .success(limit) }
    guard let seconds = Numeral.decimal(text, in: requestTimeouts) else {
      return .failure(
        Problem(
          .invalidParameter, "The header field Request-Timeout is \"\(text)\", but must be a number of seconds, such as 2.5.",
          parameter: "Request-Timeout", allowed: ["0.001 to \(limit)"]))
    }
    return .success(min(seconds, limit))
  }
}
