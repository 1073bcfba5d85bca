/// Why a job failed, or an attempt of it ended early.
package struct JobFault: Sendable, Hashable {
  /// What kind of end it was.
  package enum Code: String, Sendable, CaseIterable {
    /// The worker gave up and said why.
    case failed
    /// The loss or the gradient stopped being a number.
    case nonFinite = "non_finite"
    /// The kernel killed the worker for lack of memory.
    case outOfMemory = "out_of_memory"
    /// Something killed the worker; the kernel does so too where memory runs out and it keeps no count of that.
    case killed
    /// A fault of the program ended the worker.
    case crashed
    /// There is no room for what the job writes.
    case noRoom = "no_room"
    /// The worker could not be started.
    case notStarted = "not_started"
    /// The worker ended while no server watched.
    case lost
    /// The worker was asked to stop.
    case stopped
  }

  package let code: Code
  /// One sentence.
  package let reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  /// Whether another attempt may end otherwise.
  var isWorthAnotherAttempt: Bool {
    switch code {
    case .failed, .nonFinite: false
    case .outOfMemory, .killed, .crashed, .noRoom, .notStarted, .lost, .stopped: true
    }
  }

  /// Whether the job is to blame, so that it counts towards its greatest number of attempts.
  var countsAgainstJob: Bool {
    switch code {
    case .noRoom, .lost, .stopped: false
    case .failed, .nonFinite, .outOfMemory, .killed, .crashed, .notStarted: true
    }
  }
}
