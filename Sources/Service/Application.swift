import Foundation
package import HTTP
import HTTPTypes
import Jobs
package import Logging

/// The service: its routes, its models and its server, put together from a configuration.
package final class Application: Sendable {
  package let configuration: ServiceConfiguration
  package let library: ModelLibrary
  package let readiness: Readiness
  package let metrics: ServiceMetrics
  /// Every route and what it needs.
  let registered: [OpenAPIDocument.Registered]
  private let jobs: JobDesk?
  private let router: Router
  private let server: Server
  private let logger: Logger

  /// A service that answers with the models of `library`.
  ///
  /// - Parameters:
  ///   - store: Where uploaded models are kept, or `nil` for a service that takes none.
  ///   - keys: Who may ask for what, or `nil` for a service without keys.
  ///   - metrics: What the service counts; given where something else counts too.
  ///   - jobs: Jobs and data sets; `nil` for a service without them.
  ///   - page: The folder of the page's files, or `nil` for a service without a page.
  ///   - now: A clock in seconds that never goes back, by which uploads age.
  package init(
    _ configuration: ServiceConfiguration, library: ModelLibrary, store: ModelStore? = nil, keys: KeyRing? = nil,
    metrics: ServiceMetrics = ServiceMetrics(), jobs: JobDesk? = nil, page: String?, logger: Logger,
    now: @escaping @Sendable () -> Double = MonotonicTime.seconds
  ) {
    self.configuration = configuration
    self.library = library
    self.metrics = metrics
    self.jobs = jobs
    self.logger = logger
    readiness = Readiness(library)
    let processors = configuration.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let pipeline = InferencePipeline(
      library: library,
      store: ImageStore(capacity: configuration.imageStoreBytes, lifetime: configuration.imageStoreLifetime, now: now),
      decoders: WorkPool(width: processors), pool: WorkPool(width: processors),
      buffers: ByteBudget(configuration.maximumBufferedBytes), limits: InferenceLimits(configuration), logger: logger)
    let guarded = ServiceRoutes(
      pipeline: pipeline, store: store, readiness: readiness,
      endpoint: Endpoint(requestTimeout: configuration.requestTimeout, metrics: metrics),
      patientEndpoint: Endpoint(requestTimeout: configuration.modelTimeout, metrics: metrics),
      gatekeeper: Gatekeeper(keys: keys, host: configuration.host), metrics: metrics,
      crossOrigin: CrossOriginPolicy(origins: configuration.allowedOrigins), jobs: jobs, page: page, logger: logger
    ).router()
    let router = guarded.router
    self.router = router
    registered = guarded.registered
    let observation = RequestObservation(logger: logger, metrics: metrics)
    server = Server(configuration: Self.server(configuration, logger), handler: { await router.respond(to: $0) }) { error in
      observation.refused(error)
      return ServiceRoutes.refusal(error)
    }
    addReadings()
  }

  /// What is counted elsewhere and looked up for the metrics.
  private func addReadings() {
    let ready = MetricFamily("hpm_model_ready", "1 for a model that answers, 0 for one that does not.", by: ["model"])
    metrics.add(ReadMetric(ready, .gauge) { [library] in library.readiness.map { ([$0.model], $0.isReady ? 1 : 0) } })
    if let supervisor = jobs?.supervisor {
      let states = MetricFamily("hpm_jobs", "Jobs in each state.", by: ["state"])
      metrics.add(ReadMetric(states, .gauge) { supervisor.counts.map { ([$0.state.rawValue], Double($0.count)) } })
    }
    let connections = MetricFamily("hpm_http_connections", "Open connections.")
    metrics.add(ReadMetric(connections, .gauge) { [weak server] in server.map { [([], Double($0.connectionCount))] } ?? [] })
  }

  /// Answers one request, as the server would.
  package func respond(to request: Request) async -> Response { await router.respond(to: request) }

  /// Listens, and loads the models beside; returns the port.
  ///
  /// - Throws: where the address cannot be listened on.
  package func start() throws -> Int {
    let port = try server.start()
    logger.info("listening", metadata: ["host": "\(configuration.host)", "port": .stringConvertible(port)])
    Task { await loadModels() }
    return port
  }

  /// Reads the certificate, where there is one, as starting does.
  ///
  /// - Throws: where it cannot be used.
  package func checkCertificate() throws { try configuration.tls(logger)?.check() }

  /// Loads every model and says in the log how it went.
  package func loadModels() async {
    await library.load()
    for entry in library.entries {
      let metadata: Logger.Metadata = ["model": "\(entry.name)", "version": "\(entry.version)"]
      switch entry.state {
      case .ready: logger.info("model ready", metadata: metadata)
      case .failed(let reason):
        logger.error("model failed", metadata: metadata.merging(["reason": "\(reason)"]) { $1 })
      case .loading, .unloaded: break
      }
    }
  }

  /// Leaves: not ready from now on, serves on for the drain delay, then finishes what runs; all within the grace period.
  package func drain() async {
    readiness.drain()
    logger.info("draining", metadata: ["seconds": .stringConvertible(configuration.drainDelay)])
    let delay = min(configuration.drainDelay, configuration.grace)
    // Workers need the time too: they are asked to stop at once.
    async let left: Void = leaveJobs()
    try? await Task.sleep(for: .seconds(delay))
    await server.stop(within: .seconds(configuration.grace - delay))
    await left
    logger.info("stopped")
  }

  private func leaveJobs() async {
    guard let jobs else { return }
    await jobs.supervisor.leave(within: configuration.grace)
    // Those who follow jobs would otherwise keep the server.
    jobs.supervisor.feed.close()
  }

  private static func server(_ configuration: ServiceConfiguration, _ logger: Logger) -> ServerConfiguration {
    var server = ServerConfiguration()
    server.adopt(configuration, logger: logger)
    server.host = configuration.host
    server.port = configuration.port
    server.limits.maximumRequestBytes = configuration.maximumRequestBytes
    // The route of an upload has a limit of its own, and names it.
    server.bodyLimit = { head in
      head.method == .put && ["/models/", "/datasets/"].contains { head.path?.hasPrefix($0) == true } ? .max : nil
    }
    return server
  }
}
