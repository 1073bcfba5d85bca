import Dispatch
import Foundation
import Synchronization

/// Runs the jobs of a home: starts workers as their turn comes, follows them, obeys orders about them, and finds them again after a restart.
///
/// Everything happens on one serial queue, which may block on the disk; callers await.
package final class JobSupervisor: @unchecked Sendable {  // what changes is touched on `queue` alone
  /// A job whose worker lives.
  struct Active {
    var job: Job
    var attempt: Attempt
    let worker: Worker
    var follower: RunFollower
    /// ``JobProgress/step`` when the attempt began: further than this is progress.
    let stepAtStart: Int
    /// ``OutOfMemoryCount`` when the attempt began.
    let outOfMemoryKills: Int
    /// How the worker ended, once it has.
    var exit: Worker.Exit?
  }

  package let home: JobHome
  let store: JobStore
  let recipes: [String: any JobRecipe]
  let configuration: JobsConfiguration
  let survey: DatasetSurvey
  /// Paths of files that something other than a job needs.
  let filesInUse: @Sendable () -> [String]
  let promises = PromisedBytes()
  package let feed = JobFeed()
  /// Told, in sentences, what went wrong beside any request.
  private let report: @Sendable (String) -> Void
  let queue = DispatchQueue(label: "hpm.jobs")
  private let readers = DispatchQueue(label: "hpm.jobs.readers", attributes: .concurrent)
  /// What ``report`` was told last, so that a fault that stays is told once.
  private var lastReport: String?
  let latestCounts = Mutex<[JobState: Int]>([:])
  var active: [Int: Active] = [:]
  /// Whether the server is leaving, so that nothing is started any more.
  private(set) var isLeaving = false
  private var timer: (any DispatchSourceTimer)?
  private var waitingForEnd: [CheckedContinuation<Void, Never>] = []

  /// Opens the home's database; ``start()`` then brings the jobs back to life.
  ///
  /// - Parameters:
  ///   - recipes: The kinds of jobs there are.
  ///   - survey: Looks at the images of a data set.
  ///   - filesInUse: Paths of files that something other than a job needs, such as a model that is served: no run that has one is deleted.
  package init(
    _ home: JobHome, recipes: [any JobRecipe], configuration: JobsConfiguration = JobsConfiguration(), survey: @escaping DatasetSurvey,
    filesInUse: @escaping @Sendable () -> [String],
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }, report: @escaping @Sendable (String) -> Void
  ) throws(JobError) {
    self.home = home
    self.recipes = Dictionary(recipes.map { ($0.kind, $0) }) { first, _ in first }
    self.configuration = configuration
    self.survey = survey
    self.filesInUse = filesInUse
    self.report = report
    store = try JobStore(home.database, now: now)
  }

  /// Takes over the workers that still live, brings interrupted jobs back to the queue, and starts what is due.
  package func start() async throws(JobError) {
    try await ordered { [self] () throws(JobError) in
      try recover()
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(deadline: .now() + configuration.followInterval, repeating: configuration.followInterval)
      timer.setEventHandler { [weak self] in self?.look() }
      timer.activate()
      self.timer = timer
      look()
    }
  }

  /// Asks every worker to save its state and end, starts no other, and returns when all have ended or the seconds are over.
  ///
  /// Workers that need longer go on; the next server finds them.
  package func leave(within seconds: Double) async {
    await withCheckedContinuation { continuation in
      queue.async { [self] in
        isLeaving = true
        waitingForEnd.append(continuation)
        queue.asyncAfter(deadline: .now() + seconds) { [self] in finishLeaving() }
        look()
      }
    }
  }

  private func finishLeaving() {
    stopLooking()
    for continuation in waitingForEnd { continuation.resume() }
    waitingForEnd = []
  }

  func stopLooking() {
    timer?.cancel()
    timer = nil
  }

  /// Does `body` on the queue.
  func ordered<Value: Sendable>(_ body: @escaping @Sendable () throws(JobError) -> Value) async throws(JobError) -> Value {
    try await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: Result(catching: body)) }
    }.get()
  }

  /// Does `body`, which reads the database or files, beside the queue.
  func reading<Value: Sendable>(_ body: @escaping @Sendable () throws(JobError) -> Value) async throws(JobError) -> Value {
    try await withCheckedContinuation { continuation in
      readers.async { continuation.resume(returning: Result(catching: body)) }
    }.get()
  }

  /// One look at everything: what workers wrote, what was ordered, whose turn it is.
  func look() {
    for number in active.keys.sorted() {
      attempt { () throws(JobError) in
        try follow(number)
        try conclude(number)
      }
    }
    attempt { () throws(JobError) in try takeOverRunning() }
    attempt { () throws(JobError) in try passOrders() }
    attempt { () throws(JobError) in try startDueJobs() }
    attempt { () throws(JobError) in try removeExpired() }
    attempt { () throws(JobError) in
      let counts = try store.read { [store] in try store.counts(in: $0) }
      latestCounts.withLock { $0 = counts }
    }
    if isLeaving && active.isEmpty { finishLeaving() }
  }

  /// Does what may fail beside any request; it is tried again at the next look.
  func attempt(_ body: () throws(JobError) -> Void) {
    do throws(JobError) { try body() } catch { say(error.description) }
  }

  /// Tells the operator, once for as long as nothing else is to be told.
  func say(_ sentence: String) {
    guard sentence != lastReport else { return }
    lastReport = sentence
    report(sentence)
  }
}
