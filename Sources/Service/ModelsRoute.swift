import HTTP

/// `GET /models` and `GET /models/{name}`.
struct ModelsRoute: Sendable {
  /// How many entries a page of a list has.
  enum Page {
    static let standard = 50
    static let maximum = 500
  }

  let library: ModelLibrary

  /// `{"data": […], "next": …}`, newest version of each name, by name.
  func list(_ request: Request) throws(Problem) -> Answer {
    var limit = Page.standard
    var after = ""
    for item in try request.uniqueQuery(knowing: ["limit", "after"]) {
      if item.name == "after" {
        after = item.value
      } else if let value = Numeral.integer(item.value, in: 1...Page.maximum) {
        limit = value
      } else {
        throw Problem(
          .invalidParameter, "The query parameter \"limit\" is \"\(item.value)\", but must be 1 to \(Page.maximum).", parameter: "limit",
          allowed: ["1 to \(Page.maximum)"])
      }
    }
    let names = Set(library.entries.map(\.name)).sorted().filter { $0 > after }
    let page = names.prefix(limit).compactMap { try? library.payload($0) }
    let next = names.count > limit ? page.last?.entry.name : nil
    return Answer(json: ModelList(models: page, next: next))
  }

  /// One model, by `name` or `name@version`.
  func one(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let name = request.parameters["name"] ?? ""
    return Answer(json: try library.payload(name))
  }
}

private struct ModelList: JSONWritable {
  let models: [ModelPayload]
  let next: String?

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("data", models)
      json.member("next", next)
    }
  }
}
