import HTTP
import HTTPTypes

/// A router whose routes say what they need of a request: none can be added without it, and none is reached without it.
struct GuardedRouter: Sendable {
  private(set) var router: Router
  /// Every route and what it needs, in the order in which they were added.
  private(set) var registered: [OpenAPIDocument.Registered] = []
  private let gatekeeper: Gatekeeper
  private let metrics: ServiceMetrics

  init(_ router: Router, gatekeeper: Gatekeeper, metrics: ServiceMetrics) {
    self.router = router
    self.gatekeeper = gatekeeper
    self.metrics = metrics
  }

  /// Adds a route that is reached with `permission`, which is decided before a byte of the body is asked for.
  mutating func on(_ method: HTTPRequest.Method, _ template: String, for permission: Permission, _ handler: @escaping Handler) {
    registered.append((method, template, permission))
    router.on(method, template) { [gatekeeper, metrics] request in
      do throws(Problem) {
        try gatekeeper.admit(request, permission)
      } catch {
        metrics.record(error)
        return Response(error, instance: request.instance)
      }
      return await handler(request)
    }
  }
}
