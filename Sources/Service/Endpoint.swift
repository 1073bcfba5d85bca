import HTTP
import HTTPTypes
import Logging

/// Turns work that gives an answer or a problem into a handler of HTTP, and keeps its deadline.
struct Endpoint: Sendable {
  /// Seconds a request may take at most.
  let requestTimeout: Double

  /// A handler that does `work` within the request's deadline.
  func handler(_ work: @escaping @Sendable (Request) async throws(Problem) -> Answer) -> Handler {
    { request in
      let seconds: Double
      switch Self.deadline(request.head.headerFields, atMost: requestTimeout) {
      case .success(let value): seconds = value
      case .failure(let problem): return Response(problem, instance: request.instance)
      }
      return await Deadline.race(seconds: seconds) {
        let problem = Problem(.deadline, "The answer was not ready within \(seconds) seconds, the request's deadline.")
        return Response(problem, instance: request.instance)
      } work: {
        do throws(Problem) {
          return Response(try await work(request), to: request.head)
        } catch {
          return Response(error, instance: request.instance)
        }
      }
    }
  }

  /// The seconds that `Request-Timeout` allows, never more than the server does.
  private static func deadline(_ fields: HTTPFields, atMost limit: Double) -> Result<Double, Problem> {
    guard let text = fields[.requestTimeout] else { return .success(limit) }
    guard let seconds = Numeral.decimal(text, in: 0.001...1e9) else {
      return .failure(
        Problem(
          .invalidParameter, "The header field Request-Timeout is \"\(text)\", but must be a number of seconds, such as 2.5.",
          parameter: "Request-Timeout", allowed: ["0.001 to \(limit)"]))
    }
    return .success(min(seconds, limit))
  }
}
