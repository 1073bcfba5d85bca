import HTTPTypes

extension Operation {
  /// The routes that say how the service is and what it is.
  static let information: [Operation] = [
    Operation(
      method: .get, template: "/health/live", summary: "Whether the process answers at all.",
      successes: [said("It does.", .object([.always("live", .truth)]), #"{"live":true}"#)], hasValidator: true),
    Operation(
      method: .get, template: "/health/ready", summary: "Whether requests should come here, and why not.",
      successes: [
        said("They should.", .named("Readiness"), #"{"ready":true,"reasons":[]}"#),
        Success(
          status: 503, meaning: "They should not.",
          contents: [.json(.named("Readiness"), example: #"{"ready":false,"reasons":["loading"]}"#)],
          fields: [Field(name: "Retry-After", meaning: "Seconds after which asking again may help.")]),
      ], hasValidator: true),
    Operation(
      method: .get, template: "/metrics", summary: "What is counted and measured, as Prometheus reads it.",
      successes: [Success(status: 200, meaning: "The metrics.", contents: [Content("text/plain")])], hasValidator: true),
    Operation(
      method: .get, template: "/openapi.json", summary: "This description.",
      successes: [
        said("The description.", .object([.always("openapi", .text)]), #"{"openapi":"3.1.0"}"#)
      ], hasValidator: true),
    Operation(
      method: .get, template: "/problems", summary: "Every kind of problem.",
      successes: [Success(status: 200, meaning: "A page.", contents: [Content("text/html")])], hasValidator: true),
    Operation(
      method: .get, template: "/problems/{code}", summary: "What a kind of problem means, and what to do about it.",
      successes: [Success(status: 200, meaning: "A page.", contents: [Content("text/html")])], problems: [.notFound], hasValidator: true),
    Operation(
      method: .get, template: "/", summary: "The page.",
      successes: [Success(status: 200, meaning: "A page.", contents: [Content("text/html")])], hasValidator: true),
    Operation(
      method: .get, template: "/page/{file...}", summary: "The page's files.",
      successes: [
        Success(status: 200, meaning: "The file.", contents: [Content("text/css"), Content("text/javascript"), Content("image/svg+xml")]),
        Success(status: 206, meaning: "The part that Range asks for.", contents: [Content("application/octet-stream")]),
      ], problems: [.notFound, .rangeNotSatisfiable], hasValidator: true),
  ]
}
