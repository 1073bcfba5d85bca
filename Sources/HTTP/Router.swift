package import HTTPTypes

/// Chooses a handler by method and path.
package struct Router: Sendable {
  /// Wraps every call of a route's handler, with the template that matched: the place for logs and metrics.
  package typealias Middleware = @Sendable (Request, Handler) async -> Response

  private struct Route: Sendable {
    let template: String
    let segments: [RouteSegment]
    var handlers: [(method: HTTPRequest.Method, handler: Handler)]
  }

  private var routes: [Route] = []
  /// Routes without a parameter by their segments: a path that is one of them needs no search.
  private var literals: [[String]: Int] = [:]
  private let errorResponse: ErrorResponse
  private let middleware: Middleware?

  /// - Parameters:
  ///   - errorResponse: Renders 404, 405 and 501.
  ///   - middleware: Called around everything the router answers; for its refusals `request.template` is `nil` unless the path has routes.
  package init(errorResponse: @escaping ErrorResponse, middleware: Middleware? = nil) {
    self.errorResponse = errorResponse
    self.middleware = middleware
  }

  /// Adds a route. A literal segment is preferred to a `{name}`; a last `{name...}` takes the rest of the path, slashes and all.
  package mutating func on(_ method: HTTPRequest.Method, _ template: String, _ handler: @escaping Handler) {
    let index = routes.firstIndex { $0.template == template }
    guard let index else {
      let segments = RouteSegment.parse(template)
      let texts = segments.compactMap(\.literalText)
      if texts.count == segments.count { literals[texts] = routes.count }
      routes.append(Route(template: template, segments: segments, handlers: [(method, handler)]))
      return
    }
    precondition(!routes[index].handlers.contains { $0.method == method }, "the route \(method) \(template) is there already")
    routes[index].handlers.append((method, handler))
  }

  /// The templates in the order they were added.
  package var templates: [String] { routes.map(\.template) }

  /// Answers: the handler's response, 404, 405 with `Allow`, 501, or `OPTIONS`' list of methods. `HEAD` goes to `GET`'s handler.
  package func respond(to request: Request) async -> Response {
    var request = request
    let match = bestMatch(request.pathSegments)
    if let match {
      request.template = match.route.template
      request.parameters = match.parameters
    }
    let handler = handler(for: request, route: match?.route)
    guard let middleware else { return await handler(request) }
    return await middleware(request, handler)
  }

  private func handler(for request: Request, route: Route?) -> Handler {
    let method = request.head.method
    guard Self.knownMethods.contains(method) else {
      return refuse(ProtocolError(.unknownMethod, "the method \(method.rawValue) is not one that this server knows"))
    }
    if method == .options, request.path == "*" { return Self.allow(Self.serverMethods) }
    guard let route else {
      return refuse(ProtocolError(.notFound, "there is nothing at \(request.path)"))
    }
    if let exact = route.handlers.first(where: { $0.method == method }) { return exact.handler }
    if method == .head, let get = route.handlers.first(where: { $0.method == .get }) { return get.handler }
    let allowed = Self.allowed(route)
    if method == .options { return Self.allow(allowed) }
    let names = allowed.map(\.rawValue).joined(separator: ", ")
    return refuse(
      ProtocolError(.methodNotAllowed(allowed: allowed), "\(route.template) does not answer \(method.rawValue); it answers \(names)"))
  }

  private func refuse(_ error: ProtocolError) -> Handler {
    { [errorResponse] request in
      var error = error
      error.requestIdentifier = request.id
      var response = errorResponse(error)
      if case .methodNotAllowed(let allowed) = error.reason { response.head.headerFields[.allow] = Self.list(allowed) }
      return response
    }
  }

  private func bestMatch(_ path: [String]) -> (route: Route, parameters: [String: String])? {
    if let index = literals[path] { return (routes[index], [:]) }
    var best: (index: Int, parameters: [String: String], literals: [Bool])?
    for index in routes.indices {
      guard let parameters = RouteSegment.match(routes[index].segments, path) else { continue }
      let literals = routes[index].segments.map { $0.literalText != nil }
      if let found = best, !Self.precedes(literals, found.literals) { continue }
      best = (index, parameters, literals)
    }
    return best.map { (routes[$0.index], $0.parameters) }
  }

  private static func precedes(_ left: [Bool], _ right: [Bool]) -> Bool {
    for (a, b) in zip(left, right) where a != b { return a }
    return left.count > right.count
  }

  private static func allowed(_ route: Route) -> [HTTPRequest.Method] {
    var methods = route.handlers.map(\.method)
    if methods.contains(.get), !methods.contains(.head) { methods.append(.head) }
    if !methods.contains(.options) { methods.append(.options) }
    return methods.sorted { $0.rawValue < $1.rawValue }
  }

  private static func allow(_ methods: [HTTPRequest.Method]) -> Handler {
    { _ in Response(.noContent, headerFields: [.allow: list(methods)]) }
  }

  private static func list(_ methods: [HTTPRequest.Method]) -> String { methods.map(\.rawValue).joined(separator: ", ") }

  private static let serverMethods: [HTTPRequest.Method] = [.delete, .get, .head, .options, .post, .put]
  private static let knownMethods: Set<HTTPRequest.Method> = [.delete, .get, .head, .options, .patch, .post, .put, .query, .trace]
}

extension HTTPRequest.Method {
  /// A safe method with a body, which no route answers: 405, not 501 (draft-ietf-httpbis-safe-method-w-body).
  fileprivate static let query = HTTPRequest.Method("QUERY")!
}
