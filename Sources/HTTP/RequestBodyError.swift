/// Why a request's body could not be read to its end.
package enum RequestBodyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The body is longer than this many bytes.
  case tooLarge(Int)
  /// The client went away, or fell silent for too long, before the body's end.
  case incomplete
  /// The body's framing is broken; the sentence says how.
  case malformed(String)

  package var description: String {
    switch self {
    case .tooLarge(let limit): "the request's body is longer than the \(limit) bytes allowed"
    case .incomplete: "the request's body ended before its declared end"
    case .malformed(let sentence): sentence
    }
  }
}
