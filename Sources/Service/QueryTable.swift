/// The query parameters that one inference route knows.
struct QueryTable: Sendable {
  let parameters: [QueryParameter]

  /// Reads a query; whether its parameters have an effect is asked later, when the body and the model are known.
  func read(_ items: [(name: String, value: String)]) throws(Problem) -> InferenceQuery {
    var query = InferenceQuery()
    for item in items {
      guard let parameter = parameters.first(where: { $0.name == item.name }) else {
        throw Problem(
          .unknownParameter, "This route has no query parameter \"\(item.name)\".", parameter: item.name, allowed: parameters.map(\.name))
      }
      guard !query.gives(item.name) else {
        throw Problem(.repeatedParameter, "The query parameter \"\(item.name)\" is given more than once.", parameter: item.name)
      }
      guard parameter.read(item.value, &query) else {
        throw Problem(
          .invalidParameter,
          "The query parameter \"\(item.name)\" is \"\(item.value)\", but must be \(Self.words(parameter.allowed)).",
          parameter: item.name, allowed: parameter.allowed)
      }
      query.given.append(item.name)
    }
    try Self.refuseConflicts(query)
    return query
  }

  /// Refuses the first parameter that would change nothing in the answer.
  func refuseEffectless(_ query: InferenceQuery, _ circumstances: Circumstances) throws(Problem) {
    for name in query.given {
      let conditions = parameters.first { $0.name == name }?.conditions ?? []
      guard let missing = conditions.first(where: { !$0.holds(query, circumstances) }) else { continue }
      throw Problem(
        .parameterWithoutEffect, "The query parameter \"\(name)\" has no effect on this request: it needs \(missing.need).", parameter: name
      )
    }
  }

  private static func words(_ allowed: [String]) -> String {
    allowed.count == 1 ? allowed[0] : "one of " + allowed.joined(separator: ", ")
  }

  private static func refuseConflicts(_ query: InferenceQuery) throws(Problem) {
    if query.alpha != nil, let clock = ["epoch", "epochs", "alpha0", "alphaT"].first(where: query.gives) {
      throw Problem(
        .conflictingParameters, "Give either \"alpha\", or \"epoch\" and \"epochs\", from which the schedule computes it, not both.",
        parameter: clock)
    }
    if let given = ["epoch", "epochs", "alpha0", "alphaT"].first(where: query.gives),
      let missing = ["epoch", "epochs"].first(where: { !query.gives($0) })
    {
      throw Problem(
        .missingParameter, "The query parameter \"\(given)\" needs \"\(missing)\" beside it: the schedule computes alpha from both.",
        parameter: missing)
    }
    if let epoch = query.epoch, let epochs = query.epochs, epoch >= epochs {
      throw Problem(
        .invalidParameter, "The query parameter \"epoch\" is \(epoch), but counts from 0 to \"epochs\" - 1.", parameter: "epoch",
        allowed: ["0 to \(epochs - 1)"])
    }
  }
}
