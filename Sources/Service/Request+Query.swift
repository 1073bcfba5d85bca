import HTTP
import HTTPTypes

extension Request {
  /// The path as it was sent, without the query: what a problem calls its instance.
  var instance: String { String((head.path ?? "/").prefix { $0 != "?" }) }

  /// The query as name and value.
  var queryPairs: [(name: String, value: String)] { query.map { ($0.name, $0.value) } }

  /// The query of a route that knows `names` only, each at most once.
  func uniqueQuery(knowing names: [String]) throws(Problem) -> [QueryItem] {
    var seen: Set<String> = []
    for item in query {
      guard names.contains(item.name) else {
        throw Problem(.unknownParameter, "This route has no query parameter \"\(item.name)\".", parameter: item.name, allowed: names)
      }
      guard seen.insert(item.name).inserted else {
        throw Problem(.repeatedParameter, "The query parameter \"\(item.name)\" is given more than once.", parameter: item.name)
      }
    }
    return query
  }
}
