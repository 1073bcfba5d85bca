import HTTP
import HTTPTypes
import Synchronization

/// Whether this process serves, is starting, or leaves.
package final class Readiness: Sendable {
  private let library: ModelLibrary
  private let drains = Mutex(false)

  package init(_ library: ModelLibrary) { self.library = library }

  /// From now on this process asks not to be sent requests.
  package func drain() { drains.withLock { $0 = true } }

  /// Why no requests should come: `draining`, `loading`, `no_model`; empty when ready.
  package var reasons: [String] {
    var reasons = drains.withLock { $0 } ? ["draining"] : []
    do {
      _ = try library.model()
    } catch {
      reasons.append(error.kind == .loading ? "loading" : "no_model")
    }
    return reasons
  }
}

/// `GET /health/live` and `GET /health/ready`.
struct HealthRoute: Sendable {
  let readiness: Readiness

  /// Answers as long as the process can answer at all.
  func live(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    return Answer(json: Liveness())
  }

  /// 200 when ready, else 503 with the reasons.
  func ready(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let reasons = readiness.reasons
    var answer = Answer(json: Report(reasons: reasons))
    if !reasons.isEmpty {
      answer.status = .serviceUnavailable
      answer.retryAfter = ModelLibrary.retryAfter
    }
    return answer
  }

  private struct Liveness: JSONWritable {
    func write(to json: inout JSONWriter) { json.object { $0.member("live", true) } }
  }

  private struct Report: JSONWritable {
    let reasons: [String]

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("ready", reasons.isEmpty)
        json.member("reasons", reasons)
      }
    }
  }
}
