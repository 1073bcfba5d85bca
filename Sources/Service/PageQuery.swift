import HTTP

/// `limit` and `after` of a list, and what else its query may say.
struct PageQuery: Sendable {
  static let standardLimit = 50
  static let greatestLimit = 500

  private(set) var limit = Self.standardLimit
  private(set) var after: String?
  /// The other parameters, by name.
  private(set) var others: [String: String] = [:]

  init(_ request: Request, knowing others: [String] = []) throws(Problem) {
    for item in try request.uniqueQuery(knowing: ["limit", "after"] + others) {
      switch item.name {
      case "after": after = item.value
      case "limit": limit = try Self.number(item, in: 1...Self.greatestLimit)
      default: self.others[item.name] = item.value
      }
    }
  }

  /// A parameter that is a whole number.
  static func number(_ item: QueryItem, in range: ClosedRange<Int>) throws(Problem) -> Int {
    if let value = Numeral.integer(item.value, in: range) { return value }
    let allowed = "\(range.lowerBound) to \(range.upperBound)"
    throw Problem(
      .invalidParameter, "The query parameter \"\(item.name)\" is \"\(item.value)\", but must be \(allowed).", parameter: item.name,
      allowed: [allowed])
  }
}
