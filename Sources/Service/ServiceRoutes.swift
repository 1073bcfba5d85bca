import HTTP
import HTTPTypes
import Logging

/// Which path and method leads to which part of the service.
struct ServiceRoutes: Sendable {
  let pipeline: InferencePipeline
  let readiness: Readiness
  let endpoint: Endpoint
  /// The folder of the page's files.
  let page: String?
  let logger: Logger

  /// The router, with a line in the log for every request it answers.
  func router() -> Router {
    let log = AccessLog(logger: logger)
    var router = Router(errorResponse: Self.refusal) { request, handler in await log.around(request, handler) }
    addInference(to: &router)
    addInformation(to: &router)
    addPage(to: &router)
    return router
  }

  private func addInference(to router: inout Router) {
    let predictLoss = PredictLossRoute(pipeline: pipeline)
    let mask = MaskRoute(pipeline: pipeline)
    let reconstruct = ReconstructRoute(pipeline: pipeline)
    router.on(.post, "/predict-loss", endpoint.handler { request throws(Problem) in try await predictLoss.answer(request) })
    router.on(.post, "/mask", endpoint.handler { request throws(Problem) in try await mask.post(request) })
    router.on(.get, "/mask", endpoint.handler { request throws(Problem) in try await mask.get(request) })
    router.on(.post, "/reconstruct", endpoint.handler { request throws(Problem) in try await reconstruct.answer(request) })
  }

  private func addInformation(to router: inout Router) {
    let models = ModelsRoute(library: pipeline.library)
    let health = HealthRoute(readiness: readiness)
    let problems = ProblemsRoute()
    router.on(.get, "/models", endpoint.handler { request throws(Problem) in try models.list(request) })
    router.on(.get, "/models/{name}", endpoint.handler { request throws(Problem) in try models.one(request) })
    router.on(.get, "/health/live", endpoint.handler { request throws(Problem) in try health.live(request) })
    router.on(.get, "/health/ready", endpoint.handler { request throws(Problem) in try health.ready(request) })
    router.on(.get, "/problems", endpoint.handler { request throws(Problem) in try problems.list(request) })
    router.on(.get, "/problems/{code}", endpoint.handler { request throws(Problem) in try problems.one(request) })
  }

  private func addPage(to router: inout Router) {
    guard let page else { return }
    let files = StaticFiles(root: page, errorResponse: Self.refusal)
    let handler: Handler = { request in
      var response = await files.respond(to: request)
      response.head.headerFields[.vary] = "Accept"
      response.head.headerFields[.contentSecurityPolicy] = "default-src 'self'; img-src 'self' blob:"
      return response
    }
    router.on(.get, "/", handler)
    router.on(.get, "/page/{file...}", handler)
  }

  /// What a client sees of a request that the server or the router refused by itself.
  static let refusal: ErrorResponse = { error in
    var detail = error.detail
    var allowed: [String]?
    switch error.reason {
    case .bodyTooLarge(let limit): detail = "The request's body is longer than the \(limit) bytes that --max-request-bytes allows."
    case .methodNotAllowed(let methods): allowed = methods.map(\.rawValue)
    default: detail = detail.prefix(1).uppercased() + detail.dropFirst() + "."
    }
    let problem = Problem(ProblemKind(status: error.status.code), detail, allowed: allowed)
    return Response(problem, instance: "urn:request:\(error.requestIdentifier)")
  }
}
