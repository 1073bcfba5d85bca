import HTTP
import HTTPTypes
import Logging

/// One line a request, with what it was as metadata.
struct AccessLog: Sendable {
  let logger: Logger

  /// Lets `handler` answer, then writes the line.
  func around(_ request: Request, _ handler: Handler) async -> Response {
    let start = ContinuousClock.now
    let response = await handler(request)
    var metadata: Logger.Metadata = [
      "id": "\(request.id)", "method": "\(Self.escaped(request.head.method.rawValue))", "route": "\(request.template ?? "none")",
      "status": "\(response.head.status.code)", "seconds": "\((ContinuousClock.now - start) / .seconds(1))", "peer": "\(request.peer)",
    ]
    if request.template == nil { metadata["target"] = "\(Self.escaped(request.head.path ?? ""))" }
    logger.info("request", metadata: metadata)
    return response
  }

  /// What a client sent, so that it can neither end a line nor command a terminal, and not fill the log.
  static func escaped(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(256).map { scalar in
      (" "..."~").contains(scalar) && scalar != "\"" && scalar != "\\" ? String(scalar) : scalar.escaped(asASCII: true)
    }
    return scalars.joined()
  }
}
