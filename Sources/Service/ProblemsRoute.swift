import HTTP

/// `GET /problems` and `GET /problems/{code}`: what each kind of error means and what to do about it.
struct ProblemsRoute: Sendable {
  /// Every kind, with a link to its page.
  func list(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let items = ProblemKind.allCases.map { "<li><a href=\"/problems/\($0.rawValue)\">\($0.status) \($0.title)</a></li>" }
    return page("Problems", "<ul>\n" + items.joined(separator: "\n") + "\n</ul>")
  }

  /// The page of one kind.
  func one(_ request: Request) throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let code = request.parameters["code"] ?? ""
    guard let kind = ProblemKind(rawValue: code) else {
      throw Problem(.notFound, "There is no kind of problem \"\(code)\".", allowed: ProblemKind.allCases.map(\.rawValue))
    }
    let advice = kind.advice.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .map { $0.offset.isMultiple(of: 2) ? Self.escaped($0.element) : "<code>\(Self.escaped($0.element))</code>" }
    return page(
      kind.title,
      "<p>Status \(kind.status), type <code>/problems/\(kind.rawValue)</code>.</p>\n<p>\(advice.joined())</p>\n<p><a href=\"/problems\">All problems</a></p>"
    )
  }

  private func page(_ title: String, _ body: String) -> Answer {
    let text = """
      <!doctype html>
      <html lang="en">
      <head><meta charset="utf-8"><title>\(title)</title><link rel="stylesheet" href="/page/page.css"></head>
      <body><main>
      <h1>\(title)</h1>
      \(body)
      </main></body>
      </html>

      """
    return Answer("text/html; charset=utf-8", Array(text.utf8))
  }

  private static func escaped(_ text: some StringProtocol) -> String {
    String(text.flatMap { ["<": "&lt;", ">": "&gt;", "&": "&amp;"][$0] ?? String($0) })
  }
}
