import Glibc

/// How the threads of a compute team wait for each other.
///
/// libgomp reads it from the environment when it is loaded, before `main`, so it can be set only by starting the program anew. By its own
/// default a thread spins for milliseconds: where another thread has its core (decoding, a second process) every operation then waits for
/// the scheduler, and training small networks becomes ten times slower. With ``spinCount`` it spins for some ten microseconds, which is as
/// fast on idle cores, and then sleeps.
enum TeamPolicy {
  private static let spinCount = "10000"
  private static let spinVariable = "GOMP_SPINCOUNT"
  private static let policyVariable = "OMP_WAIT_POLICY"

  /// Starts the program anew with the policy set, unless the environment has one; returns where it is set.
  static func ensure() {
    guard getenv(spinVariable) == nil, getenv(policyVariable) == nil else { return }
    setenv(spinVariable, spinCount, 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
    // It returns only where it fails; the program then goes on as it was started.
    execv("/proc/self/exe", &arguments)
    for argument in arguments { free(argument) }
  }
}
