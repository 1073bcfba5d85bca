import CLinux
import Glibc

/// One call of posix_spawn: a worker with its own process group, its files, no other file of the server's, and the lock of its job.
struct WorkerSpawn {
  let program: String
  let command: WorkerCommand
  /// `NAME=VALUE`, added to this process's environment.
  let variable: String
  /// The file that standard error, and as a rule standard output, are appended to.
  let output: String

  /// Where the worker finds the lock it holds; files beyond are closed.
  private static let lockDescriptor: Int32 = 3

  /// Starts the process and gives its number; `lock` is the worker's when it returns.
  func start(holding lock: FileLock) throws(JobError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, lock.descriptor, Self.lockDescriptor)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    if let file = command.standardOutput {
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    } else {
      posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, Self.lockDescriptor + 1)
    var attributes = posix_spawnattr_t()
    Self.prepare(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    return try spawn(&actions, &attributes)
  }

  /// A group of its own, and the signals as a new process has them: Dispatch's threads, one of which this is, block all.
  private static func prepare(_ attributes: inout posix_spawnattr_t) {
    posix_spawnattr_init(&attributes)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGTERM, SIGINT, SIGPIPE] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
  }

  private func spawn(
    _ actions: inout posix_spawn_file_actions_t, _ attributes: inout posix_spawnattr_t
  ) throws(JobError) -> pid_t {
    var pid: pid_t = 0
    let name = program.split(separator: "/").last.map(String.init) ?? program
    var arguments: [UnsafeMutablePointer<CChar>?] = ([name] + command.arguments).map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = (Self.environment + [variable]).map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    let number = posix_spawn(&pid, program, &actions, &attributes, &arguments, &environment)
    guard number == 0 else { throw .home(program, cannot: "start a worker", number: number) }
    return pid
  }

  private static var environment: [String] {
    var texts: [String] = []
    var next = environ
    while let text = next.pointee {
      texts.append(String(cString: text))
      next += 1
    }
    return texts
  }
}
