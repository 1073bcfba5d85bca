import HTTP
import HTTPTypes

extension AnswerFormat {
  /// The format of an answer: what `format` says, else what `Accept` prefers among `offered`, of which the first wins ties.
  ///
  /// A browser's `Accept`, which names `text/html`, gets JSON: a browser shows it, and its wildcard says nothing of pictures.
  static func negotiated(_ query: InferenceQuery, _ request: Request, among offered: [AnswerFormat]) throws(Problem) -> AnswerFormat {
    if let format = query.format { return format }
    guard let accept = request.head.headerFields[.accept] else { return offered[0] }
    let negotiation = MediaTypeNegotiation(accept: accept)
    if negotiation.names("text/html") { return .json }
    let types = offered.map(\.mediaType)
    guard let best = negotiation.best(of: types), let format = offered.first(where: { $0.mediaType == best }) else {
      throw Problem(
        .notAcceptable, "The header field Accept takes none of the formats of this answer: \(types.joined(separator: ", ")).",
        parameter: "Accept", allowed: types)
    }
    return format
  }
}
