import Glibc

/// A lock that the system lets go of when the last process that holds it ends, however it ends: `flock` on a file.
final class FileLock: Sendable {
  let path: String
  let descriptor: Int32

  private init(_ path: String, _ descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Takes the lock; `nil` where another has it.
  static func take(_ path: String) throws(JobError) -> FileLock? {
    let lock = FileLock(path, try open(path))
    if flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 { return lock }
    guard errno == EWOULDBLOCK else { throw .home(path, cannot: "take the lock", number: errno) }
    return nil
  }

  /// Returns when nobody holds the lock; blocks its thread.
  static func waitUntilFree(_ path: String) throws(JobError) {
    let descriptor = try open(path)
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw .home(path, cannot: "wait for the lock", number: errno) }
    }
  }

  /// Writes into the file which process holds the lock.
  func signProcess() throws(JobError) {
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      throw .home(path, cannot: "write the lock", number: errno)
    }
  }

  /// Gives the lock up, for those too to whom it was handed on.
  func release() { flock(descriptor, LOCK_UN) }

  deinit { close(descriptor) }

  private static func open(_ path: String) throws(JobError) -> Int32 {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .home(path, cannot: "open the lock", number: errno) }
    return descriptor
  }
}
