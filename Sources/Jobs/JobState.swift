/// Where a job stands, and where it may go from there; the database refuses every other step (``JobStore``'s trigger `job_transition`).
package enum JobState: String, Sendable, CaseIterable {
  case queued
  case running
  /// Stopped after a checkpoint because someone asked for it.
  case paused
  /// Stopped by something else; returns to ``queued`` by itself.
  case interrupted
  case succeeded
  case failed
  case cancelled

  /// The states that may follow.
  package var successors: Set<JobState> {
    switch self {
    case .queued: [.running, .paused, .cancelled]
    case .running: [.succeeded, .failed, .cancelled, .paused, .interrupted]
    case .paused: [.queued, .cancelled]
    case .interrupted: [.queued, .paused, .cancelled]
    case .failed: [.queued]
    case .succeeded, .cancelled: []
    }
  }

  /// Whether nothing more happens unless someone asks for it.
  package var isFinished: Bool {
    switch self {
    case .succeeded, .failed, .cancelled: true
    case .queued, .running, .paused, .interrupted: false
    }
  }
}

/// An order to a running job that it has not obeyed yet.
package enum JobOrder: String, Sendable, CaseIterable {
  case cancel
  case pause

  /// The state of a job that has obeyed.
  var goal: JobState { self == .cancel ? .cancelled : .paused }
}
