import Dispatch
import Foundation
package import HTTP
package import Logging

/// The service: its routes, its models and its server, put together from a configuration.
package final class Application: Sendable {
  package let configuration: ServiceConfiguration
  package let library: ModelLibrary
  package let readiness: Readiness
  private let router: Router
  private let server: Server
  private let logger: Logger

  /// A service that answers with the models of `library`.
  ///
  /// - Parameters:
  ///   - page: The folder of the page's files, or `nil` for a service without a page.
  ///   - now: A clock in seconds that never goes back, by which uploads age.
  package init(
    _ configuration: ServiceConfiguration, library: ModelLibrary, page: String?, logger: Logger,
    now: @escaping @Sendable () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
  ) {
    self.configuration = configuration
    self.library = library
    self.logger = logger
    readiness = Readiness(library)
    let pipeline = InferencePipeline(
      library: library,
      store: ImageStore(capacity: configuration.imageStoreBytes, lifetime: configuration.imageStoreLifetime, now: now),
      pool: WorkPool(width: configuration.threads ?? ProcessInfo.processInfo.activeProcessorCount),
      limits: InferenceLimits(configuration), logger: logger)
    let router = ServiceRoutes(
      pipeline: pipeline, readiness: readiness, endpoint: Endpoint(requestTimeout: configuration.requestTimeout), page: page,
      logger: logger
    ).router()
    self.router = router
    server = Server(
      configuration: Self.server(configuration), handler: { await router.respond(to: $0) }, errorResponse: ServiceRoutes.refusal)
  }

  /// Answers one request, as the server would.
  package func respond(to request: Request) async -> Response { await router.respond(to: request) }

  /// Listens, and loads the models beside; returns the port.
  ///
  /// - Throws: where the address cannot be listened on.
  package func start() throws -> Int {
    let port = try server.start()
    logger.info("listening", metadata: ["host": "\(configuration.host)", "port": "\(port)"])
    Task { await loadModels() }
    return port
  }

  /// Loads every model and says in the log how it went.
  package func loadModels() async {
    await library.load()
    for entry in library.entries {
      let metadata: Logger.Metadata = ["model": "\(entry.name)", "version": "\(entry.version)"]
      switch entry.state {
      case .ready: logger.info("model ready", metadata: metadata)
      case .failed(let reason):
        logger.error("model failed", metadata: metadata.merging(["reason": "\(AccessLog.escaped(reason))"]) { $1 })
      case .loading: break
      }
    }
  }

  /// Leaves: not ready from now on, serves on for the drain delay, then finishes what runs; all within the grace period.
  package func drain() async {
    readiness.drain()
    logger.info("draining", metadata: ["seconds": "\(configuration.drainDelay)"])
    let delay = min(configuration.drainDelay, configuration.grace)
    try? await Task.sleep(for: .seconds(delay))
    await server.stop(within: .seconds(configuration.grace - delay))
    logger.info("stopped")
  }

  private static func server(_ configuration: ServiceConfiguration) -> ServerConfiguration {
    var server = ServerConfiguration()
    server.host = configuration.host
    server.port = configuration.port
    server.limits.maximumRequestBytes = configuration.maximumRequestBytes
    return server
  }
}
