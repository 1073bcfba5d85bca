/// A request's places in a model's queue; given up with its last reference, whether or not it was answered.
final class Admission: Sendable {
  private let model: ServedModel
  let ticket: AdmissionQueue.Ticket

  init(_ ticket: AdmissionQueue.Ticket, of model: ServedModel) {
    self.ticket = ticket
    self.model = model
  }

  deinit { model.release(ticket) }
}

extension Problem {
  /// What a client sees of a request that the queue of `model` did not take in.
  init(_ refusal: AdmissionQueue.Refusal, model: String, _ limits: QueueLimits) {
    let detail =
      switch refusal {
      case .full: "Too many images wait for the model \(model): --max-queue-images allows \(limits.images)."
      case .shareTaken: "Too many of your own images wait for the model \(model): one user may have \(limits.share) of \(limits.images)."
      case .long(let wait, let allowed):
        "The model \(model) is busy for about \(Self.wholeSeconds(wait)) s with what waits before this request: --max-queue-seconds allows \(allowed)."
      case .late(let wait, _):
        "The answer of the model \(model) may take \(Self.wholeSeconds(wait)) s, longer than the request's deadline; it was not begun."
      }
    self.init(.queueFull, detail, retryAfter: Self.wholeSeconds(refusal.retryAfter))
  }

  /// Seconds for `Retry-After`, at least one.
  static func wholeSeconds(_ seconds: Double) -> Int { Int(exactly: min(max(seconds, 1), 86_400).rounded(.up)) ?? 1 }
}
