import CLinux
import Dispatch
import Glibc

/// A worker process, watched until it ends: one that this server started, or one that an earlier server left behind.
///
/// It holds the job's lock from before its first instruction to after its last, so whether it lives never depends on a number that
/// another process may have by now.
final class Worker: Sendable {
  /// How a process ended, as far as its parent can tell.
  enum Exit: Sendable, Hashable {
    case code(Int32)
    case signal(Int32)
    /// It was not this server's child.
    case unknown
  }

  let token: String
  private let known: ProcessIdentity?

  private init(token: String, process: ProcessIdentity?) {
    self.token = token
    known = process
  }

  /// The environment's variable that carries the token.
  static func variable(_ token: String) -> String { "HPM_ATTEMPT=\(token)" }

  /// The process, where it can be found.
  var process: ProcessIdentity? { known ?? ProcessIdentity(withVariable: Self.variable(token)) }

  /// Starts a worker in a process group of its own and at the lowest priority.
  ///
  /// - Parameter ended: Called once, on a thread of its own, when the process is gone.
  /// - Throws: where the job's lock is held by another worker, or the system refuses.
  static func start(
    _ command: WorkerCommand, token: String, in folder: JobFolder, _ configuration: JobsConfiguration,
    ended: @escaping @Sendable (Exit) -> Void
  ) throws(JobError) -> Worker {
    guard let lock = try FileLock.take(folder.lock) else {
      throw .home("\(folder.lock): a worker of an earlier attempt still runs.")
    }
    let spawn = WorkerSpawn(program: configuration.program, command: command, variable: variable(token), output: folder.output)
    let pid = try spawn.start(holding: lock)
    yieldProcessors(pid)
    surrenderMemoryFirst(pid, score: configuration.outOfMemoryScore)
    let worker = Worker(token: token, process: ProcessIdentity(pid: pid))
    DispatchQueue(label: "hpm.jobs.worker").async { ended(waitForExit(of: pid)) }
    return worker
  }

  /// The worker of an attempt that an earlier server began, if it still lives.
  static func adopt(_ attempt: Attempt, in folder: JobFolder, ended: @escaping @Sendable (Exit) -> Void) throws(JobError) -> Worker? {
    guard try FileLock.take(folder.lock) == nil else { return nil }
    let worker = Worker(token: attempt.token, process: attempt.process)
    DispatchQueue(label: "hpm.jobs.worker").async {
      // A lock that cannot be opened any more has no holder either.
      try? FileLock.waitUntilFree(folder.lock)
      ended(.unknown)
    }
    return worker
  }

  /// Asks the worker to save its state and end.
  func askToStop() { process?.signal(SIGTERM) }

  func kill() { process?.signal(SIGKILL) }

  private static func waitForExit(of pid: pid_t) -> Exit {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { return .unknown }
    }
    let signal = status & 0x7F
    return signal == 0 ? .code((status >> 8) & 0xFF) : .signal(signal)
  }

  /// Gives the process the scheduler's policy for idle processors (sched(7)): a thread of the server that wakes takes the processor at once.
  /// Niceness does not do that, and Dispatch resets it; inference wakes its team some hundred times an image.
  private static func yieldProcessors(_ pid: pid_t) {
    var parameter = sched_param()
    sched_setscheduler(pid, SCHED_IDLE, &parameter)
    // Threads inherit it, but for those that began meanwhile.
    for thread in SmallFile.names(in: "/proc/\(pid)/task").compactMap(pid_t.init) { sched_setscheduler(thread, SCHED_IDLE, &parameter) }
  }

  /// What the kernel does not let it write changes nothing but the choice of whom to kill.
  private static func surrenderMemoryFirst(_ pid: pid_t, score: Int) {
    let file = open("/proc/\(pid)/oom_score_adj", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let text = Array(String(score).utf8)
    _ = write(file, text, text.count)
    close(file)
  }
}
