import HTTP
import HTTPTypes
package import Logging
import Synchronization

/// What is known of the request that the current task works for.
package final class RequestContext: Sendable {
  @TaskLocal static var current: RequestContext?

  /// Gives every line of the log what it belongs to.
  package static let metadataProvider = Logger.MetadataProvider { current?.metadata ?? [:] }

  let identifier: String
  let trace: TraceContext?
  private let caller = Mutex<String?>(nil)

  init(_ request: Request) {
    identifier = request.id
    trace = request.head.headerFields[.traceparent].flatMap(TraceContext.init)
  }

  /// The name of the key that the request came with, once that is known.
  var keyName: String? { caller.withLock { $0 } }

  /// The request came with the key `name`.
  func identify(key name: String) { caller.withLock { $0 = name } }

  private var metadata: Logger.Metadata {
    var metadata: Logger.Metadata = ["request_id": .string(identifier)]
    if let trace { metadata["trace_id"] = .string(trace.traceIdentifier) }
    if let keyName { metadata["key"] = .string(keyName) }
    return metadata
  }
}
