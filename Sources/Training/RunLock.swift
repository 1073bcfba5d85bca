import Foundation

/// Holds a run directory for one process, with `flock` on a file in it that says which: the system lets go when the process ends, however it ends.
package final class RunLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// Throws, naming its process, where another has it.
  init(_ path: String) throws(RunError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw RunError(path, cannot: "open the lock", number: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let number = errno
      close(descriptor)
      throw Self.refusal(path, number)
    }
    let text = Array(RunProcess.current.json.pretty.utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      let number = errno
      close(descriptor)
      throw RunError(path, cannot: "write the lock", number: number)
    }
  }

  deinit { close(descriptor) }

  private static func refusal(_ path: String, _ number: Int32) -> RunError {
    guard number == EWOULDBLOCK else { return RunError(path, cannot: "take the lock", number: number) }
    let holder = RunProcess(readFrom: path).map { "process \($0.identifier)" } ?? "another process"
    return RunError(
      path: path, reason: "\(holder) is working in this run directory; wait for it, stop it, or choose another directory")
  }
}
