/// One `name=value` of a request's query, percent-decoded.
package struct QueryItem: Sendable, Equatable {
  /// The part before the first `=`.
  package let name: String
  /// The part after it; empty where there is none.
  package let value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
