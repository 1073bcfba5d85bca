/// How jobs are run.
package struct JobsConfiguration: Sendable, Hashable {
  /// The program that workers are processes of.
  package var program = "/proc/self/exe"
  /// Jobs that run at once.
  package var maximumRunning = 1
  /// Threads that a worker may compute with.
  package var threads = 1
  /// Attempts in a row that may end in a fault of the job's without getting further.
  package var maximumAttempts = 5
  /// Seconds until the second attempt; doubled for every further one.
  package var backOff = 10.0
  package var greatestBackOff = 360.0
  /// Seconds in which a worker that is asked to stop writes its checkpoint; then it is killed.
  package var stopGrace = 120.0
  /// Seconds between two looks at what workers have written.
  package var followInterval = 0.5
  /// Seconds for which an idempotency key stands for its first answer.
  package var keyLifetime = 86_400.0
  /// Seconds after which a job that has ended is deleted with its files; 0 keeps it.
  package var lifetime = 0.0
  /// Bytes that everything in the home may take before the jobs that ended first are deleted; 0 lets it take the whole disk.
  package var homeBytes = 0
  /// Seconds until a job that found no room looks for it again.
  package var roomInterval = 15.0
  /// How readily the kernel kills a worker where memory runs out: 1000 is before all others (proc(5), `oom_score_adj`).
  package var outOfMemoryScore = 1000
  package var archiveLimits = ArchiveLimits()

  package init() {}
}
