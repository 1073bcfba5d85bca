import HTTPTypes
import Synchronization

/// What the service counts and measures; the names are contract.
package final class ServiceMetrics: Sendable {
  private let requests = CounterMetric(MetricFamily("hpm_http_requests_total", "Requests answered.", by: ["route", "method", "status"]))
  private let durations = HistogramMetric(
    MetricFamily("hpm_http_request_duration_seconds", "From a request's head to its answer's.", by: ["route"]),
    bounds: HistogramMetric.secondBounds)
  private let refusals = CounterMetric(
    MetricFamily("hpm_http_refusals_total", "Requests that the server refused without asking their route.", by: ["status"]))
  private let stages = HistogramMetric(
    MetricFamily("hpm_inference_stage_seconds", "What each stage of an inference answer took.", by: ["model", "stage"]),
    bounds: HistogramMetric.secondBounds)
  private let batches = HistogramMetric(
    MetricFamily("hpm_batch_images", "Images computed at once.", by: ["model"]), bounds: HistogramMetric.imageBounds)
  private let queues = GaugeMetric(MetricFamily("hpm_queue_images", "Images that wait for a model.", by: ["model"]))
  private let limits = GaugeMetric(MetricFamily("hpm_queue_limit_images", "Images that may wait for a model.", by: ["model"]))
  private let rejections = CounterMetric(
    MetricFamily("hpm_rejected_total", "Requests turned away or given up.", by: ["reason"]),
    known: RejectionReason.allCases.map { [$0.rawValue] })
  private let inFlight = Atomic(0)
  private let readings: Mutex<[any Metric]>

  package init() {
    readings = Mutex(ProcessReadings.metrics)
    let program = MetricFamily("hpm_build_info", "Which program this is.", by: ["version"])
    add(ReadMetric(program, .gauge) { [([ProgramVersion.text], 1)] })
    let waiting = MetricFamily("hpm_http_requests_in_flight", "Requests that have not been answered yet.")
    add(ReadMetric(waiting, .gauge) { [weak self] in self.map { [([], Double($0.inFlight.load(ordering: .relaxed)))] } ?? [] })
  }

  /// A request's head was read.
  func began() { inFlight.add(1, ordering: .relaxed) }

  /// A request was answered; `route` is the template that matched, so that paths that clients invent make no series.
  func answered(route: String?, method: HTTPRequest.Method, status: Int, seconds: Double) {
    inFlight.subtract(1, ordering: .relaxed)
    let method = Self.methods.contains(method) ? method.rawValue : "other"
    requests.count(route ?? "none", method, String(status))
    durations.observe(seconds, route ?? "none")
  }

  /// The server refused a request by itself.
  func refused(status: Int) { refusals.count(String(status)) }

  /// An answer went out: its stages are measured where it came from a model.
  func record(_ answer: Answer) {
    guard let timing = answer.timing, let model = answer.model else { return }
    for (stage, seconds) in timing.durations { stages.observe(seconds, model.name, stage.rawValue) }
  }

  /// A problem went out: it is counted where it turned a request away.
  func record(_ problem: Problem) {
    if let reason = RejectionReason(problem.kind) { rejected(reason) }
  }

  /// `model` has computed `images` images at once.
  package func computed(images: Int, model: String) { batches.observe(Double(images), model) }

  /// `images` images wait for `model`, of at most `limit`.
  package func queued(images: Int, limit: Int, model: String) {
    queues.set(Double(images), model)
    limits.set(Double(limit), model)
  }

  /// `model` has left; nothing waits for it any more.
  package func forgetQueue(of model: String) {
    queues.set(nil, model)
    limits.set(nil, model)
  }

  /// A request was turned away or given up; what is answered with a problem is counted by ``record(_:)-(Problem)``.
  package func rejected(_ reason: RejectionReason) { rejections.count(reason.rawValue) }

  /// Adds values that are looked up whenever the metrics are asked for.
  func add(_ metric: some Metric) { readings.withLock { $0.append(metric) } }

  /// Everything, as Prometheus reads it.
  func text() -> [UInt8] {
    var text = MetricsText()
    let own: [any Metric] = [requests, durations, refusals, stages, batches, queues, limits, rejections]
    for metric in own + readings.withLock({ $0 }) { metric.write(to: &text) }
    return text.bytes
  }

  private static let methods: Set<HTTPRequest.Method> = [.delete, .get, .head, .options, .patch, .post, .put, .trace]
}
