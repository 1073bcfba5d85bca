import Glibc

/// How long the threads of a compute team spin before they sleep when they wait for each other.
///
/// libgomp reads it from the environment when it is loaded, before `main`, so it can be set only by starting the program anew. By its own
/// default a thread spins for many milliseconds: where another thread has its core every operation then waits for the scheduler, and
/// training small networks becomes ten times slower.
enum TeamPolicy: String {
  /// Some ten microseconds, as fast on idle cores: for commands whose threads that decode images want the cores too.
  case brief = "10000"
  /// Some milliseconds, longer than one thread waits for another within an image. A thread that sleeps gets its core back only at the
  /// scheduler's next tick where something else has taken it, if at the lowest priority: beside a training job images took twice the time.
  case patient = "200000"

  private static let spinVariable = "GOMP_SPINCOUNT"
  private static let policyVariable = "OMP_WAIT_POLICY"
  /// Holds what the program itself has set, so that a worker need not keep its server's.
  private static let ownVariable = "HPM_SPINCOUNT"

  init(arguments: [String]) {
    self = ["pretrain", "evaluate", "mine"].contains(arguments.dropFirst().first) ? .brief : .patient
  }

  /// Starts the program anew with the policy set, unless the environment has one of the user's; returns where it is set.
  func ensure() {
    let present = getenv(Self.spinVariable).map { String(cString: $0) }
    let own = getenv(Self.ownVariable).map { String(cString: $0) }
    guard getenv(Self.policyVariable) == nil, present == own, present != rawValue else { return }
    setenv(Self.spinVariable, rawValue, 1)
    setenv(Self.ownVariable, rawValue, 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
    // It returns only where it fails; the program then goes on as it was started.
    execv("/proc/self/exe", &arguments)
    for argument in arguments { free(argument) }
  }
}
