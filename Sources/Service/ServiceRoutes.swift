import HTTP
import HTTPTypes
import Logging

/// Which path and method leads to which part of the service.
struct ServiceRoutes: Sendable {
  let pipeline: InferencePipeline
  /// Where uploaded models are kept; `nil` for a service that takes none.
  let store: ModelStore?
  let readiness: Readiness
  let endpoint: Endpoint
  /// For what takes as long as a model does.
  let patientEndpoint: Endpoint
  let gatekeeper: Gatekeeper
  let metrics: ServiceMetrics
  let crossOrigin: CrossOriginPolicy
  /// Jobs and data sets, where the service has a home for them.
  let jobs: JobDesk?
  /// The folder of the page's files.
  let page: String?
  let logger: Logger

  /// The router, with a line in the log for every request it answers.
  func router() -> GuardedRouter {
    let observation = RequestObservation(logger: logger, metrics: metrics)
    let bare = Router(errorResponse: Self.refusal) { [crossOrigin] request, handler in
      await observation.around(request) { await crossOrigin.around($0, handler) }
    }
    var router = GuardedRouter(bare, gatekeeper: gatekeeper, metrics: metrics)
    addInference(to: &router)
    addInformation(to: &router)
    addModels(to: &router)
    addOpenInference(to: &router)
    if let jobs { addJobs(jobs, to: &router) }
    addPage(to: &router)
    addDescription(to: &router)
    return router
  }

  private func addInference(to router: inout GuardedRouter) {
    let predictLoss = PredictLossRoute(pipeline: pipeline)
    let mask = MaskRoute(pipeline: pipeline)
    let reconstruct = ReconstructRoute(pipeline: pipeline)
    router.on(
      .post, "/predict-loss", for: .reads(.infer), endpoint.handler { request throws(Problem) in try await predictLoss.answer(request) })
    router.on(.post, "/mask", for: .reads(.infer), endpoint.handler { request throws(Problem) in try await mask.post(request) })
    router.on(.get, "/mask", for: .reads(.infer), endpoint.handler { request throws(Problem) in try await mask.get(request) })
    router.on(
      .post, "/reconstruct", for: .reads(.infer), endpoint.handler { request throws(Problem) in try await reconstruct.answer(request) })
  }

  private func addInformation(to router: inout GuardedRouter) {
    let health = HealthRoute(readiness: readiness)
    let measured = MetricsRoute(metrics: metrics)
    let problems = ProblemsRoute()
    router.on(.get, "/health/live", for: .everyone, endpoint.handler { request throws(Problem) in try health.live(request) })
    router.on(.get, "/health/ready", for: .everyone, endpoint.handler { request throws(Problem) in try health.ready(request) })
    router.on(.get, "/metrics", for: .everyone, endpoint.handler { request throws(Problem) in try measured.answer(request) })
    router.on(.get, "/problems", for: .everyone, endpoint.handler { request throws(Problem) in try problems.list(request) })
    router.on(.get, "/problems/{code}", for: .everyone, endpoint.handler { request throws(Problem) in try problems.one(request) })
  }

  private func addModels(to router: inout GuardedRouter) {
    let models = ModelsRoute(library: pipeline.library)
    let change = ModelChangeRoute(library: pipeline.library, store: store, jobs: jobs)
    let model = "/models/{name}"
    router.on(.get, "/models", for: .anyKey, endpoint.handler { request throws(Problem) in try models.list(request) })
    router.on(.get, model, for: .anyKey, endpoint.handler { request throws(Problem) in try models.one(request) })
    router.on(.put, model, for: .writes(.admin), patientEndpoint.handler { request throws(Problem) in try await change.upload(request) })
    router.on(.delete, model, for: .writes(.admin), endpoint.handler { request throws(Problem) in try await change.delete(request) })
    router.on(
      .post, model + "/load", for: .writes(.admin), patientEndpoint.handler { request throws(Problem) in try await change.load(request) })
    router.on(.post, model + "/unload", for: .writes(.admin), endpoint.handler { request throws(Problem) in try change.unload(request) })
    router.on(
      .post, model + "/default", for: .writes(.admin), endpoint.handler { request throws(Problem) in try change.makeDefault(request) })
  }

  /// The Open Inference Protocol v2; what is said of a model is also said of one of its versions.
  private func addOpenInference(to router: inout GuardedRouter) {
    let route = OpenInferenceRoute(library: pipeline.library, readiness: readiness, limits: pipeline.limits)
    let infer = InferRoute(pipeline: pipeline)
    router.on(.get, "/v2", for: .anyKey, endpoint.handler { request throws(Problem) in try route.server(request) })
    router.on(.get, "/v2/health/live", for: .everyone, endpoint.handler { request throws(Problem) in try route.live(request) })
    router.on(.get, "/v2/health/ready", for: .everyone, endpoint.handler { request throws(Problem) in try route.ready(request) })
    router.on(.get, "/v2/models/stats", for: .anyKey, endpoint.handler { request throws(Problem) in try route.allStatistics(request) })
    for model in ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"] {
      router.on(.get, model, for: .anyKey, endpoint.handler { request throws(Problem) in try route.metadata(request) })
      router.on(.get, model + "/ready", for: .anyKey, endpoint.handler { request throws(Problem) in try route.modelReady(request) })
      router.on(.get, model + "/config", for: .anyKey, endpoint.handler { request throws(Problem) in try route.configuration(request) })
      router.on(.get, model + "/stats", for: .anyKey, endpoint.handler { request throws(Problem) in try route.statistics(request) })
      router.on(
        .post, model + "/infer", for: .reads(.infer), endpoint.handler { request throws(Problem) in try await infer.answer(request) })
    }
    let models = "/v2/repository/models/{name}"
    router.on(
      .post, "/v2/repository/index", for: .reads(.admin), endpoint.handler { request throws(Problem) in try await route.index(request) })
    router.on(
      .post, models + "/load", for: .writes(.admin), patientEndpoint.handler { request throws(Problem) in try await route.load(request) })
    router.on(
      .post, models + "/unload", for: .writes(.admin), endpoint.handler { request throws(Problem) in try await route.unload(request) })
  }

  private func addJobs(_ desk: JobDesk, to router: inout GuardedRouter) {
    let jobs = JobsRoute(desk: desk)
    let run = JobRunRoute(desk: desk)
    let events = JobEventsRoute(desk: desk)
    router.on(.post, "/jobs", for: .writes(.jobs), endpoint.handler { request throws(Problem) in try await jobs.submit(request) })
    router.on(.get, "/jobs", for: .reads(.jobs), endpoint.handler { request throws(Problem) in try await jobs.list(request) })
    router.on(.get, "/jobs/{id}", for: .reads(.jobs), endpoint.handler { request throws(Problem) in try await jobs.one(request) })
    router.on(.delete, "/jobs/{id}", for: .writes(.jobs), endpoint.handler { request throws(Problem) in try await jobs.delete(request) })
    router.on(
      .post, "/jobs/{id}/cancel", for: .writes(.jobs), endpoint.handler { request throws(Problem) in try await jobs.cancel(request) })
    router.on(
      .post, "/jobs/{id}/pause", for: .writes(.jobs), endpoint.handler { request throws(Problem) in try await jobs.pause(request) })
    router.on(
      .post, "/jobs/{id}/resume", for: .writes(.jobs), endpoint.handler { request throws(Problem) in try await jobs.resume(request) })
    router.on(
      .get, "/jobs/{id}/events", for: .reads(.jobs), endpoint.transfer { request throws(Problem) in try await events.answer(request) })
    router.on(
      .get, "/jobs/{id}/metrics", for: .reads(.jobs), endpoint.handler { request throws(Problem) in try await run.metrics(request) })
    router.on(.get, "/jobs/{id}/log", for: .reads(.jobs), endpoint.handler { request throws(Problem) in try await run.log(request) })
    router.on(.get, "/jobs/{id}/files", for: .reads(.jobs), endpoint.handler { request throws(Problem) in try await run.files(request) })
    router.on(
      .get, "/jobs/{id}/files/{path...}", for: .reads(.jobs), endpoint.transfer { request throws(Problem) in try await run.file(request) })
    let promote = PromoteRoute(desk: desk, models: ModelChangeRoute(library: pipeline.library, store: store, jobs: desk))
    router.on(
      .post, "/jobs/{id}/promote", for: .writes(.admin),
      patientEndpoint.handler { request throws(Problem) in try await promote.answer(request) })
    addDatasets(desk, to: &router)
  }

  private func addDatasets(_ desk: JobDesk, to router: inout GuardedRouter) {
    let datasets = DatasetsRoute(desk: desk)
    router.on(
      .put, "/datasets/{name}", for: .writes(.jobs),
      endpoint.transfer { request throws(Problem) in Response(try await datasets.put(request), to: request.head) })
    router.on(.get, "/datasets", for: .reads(.jobs), endpoint.handler { request throws(Problem) in try await datasets.list(request) })
    router.on(.get, "/datasets/{name}", for: .reads(.jobs), endpoint.handler { request throws(Problem) in try await datasets.one(request) })
    router.on(
      .get, "/datasets/{name}/thumbnails", for: .reads(.jobs),
      endpoint.handler { request throws(Problem) in try await datasets.thumbnails(request) })
    router.on(
      .delete, "/datasets/{name}", for: .writes(.jobs), endpoint.handler { request throws(Problem) in try await datasets.delete(request) })
  }

  /// What the page may load and who may frame it; the page itself asks for less (Content Security Policy Level 3).
  private static let pagePolicy = "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"

  private func addPage(to router: inout GuardedRouter) {
    guard let page else { return }
    let files = StaticFiles(root: page, errorResponse: Self.refusal)
    let handler: Handler = { request in
      var response = await files.respond(to: request)
      response.head.headerFields[.vary] = "Accept"
      response.head.headerFields[.contentSecurityPolicy] = Self.pagePolicy
      return response
    }
    router.on(.get, "/", for: .everyone, handler)
    router.on(.get, "/page/{file...}", for: .everyone, handler)
  }

  /// Last, so that it tells of all routes and of itself.
  private func addDescription(to router: inout GuardedRouter) {
    let template = "/openapi.json"
    let registered = router.registered + [(.get, template, .everyone)]
    let body = JSONWriter.bytes(of: OpenAPIDocument(registered, operations: Operation.all))
    router.on(
      .get, template, for: .everyone,
      endpoint.handler { request throws(Problem) in
        _ = try request.uniqueQuery(knowing: [])
        return Answer(AnswerFormat.json.mediaType, body)
      })
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
