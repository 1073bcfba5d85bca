import Glibc

/// The calls of the operating system that can fail while a file is written, so that tests can make each of them fail.
///
/// Each returns what the call of its name does and sets `errno`.
package struct FileCalls: Sendable {
  package var create: @Sendable (_ path: String) -> Int32 = { open($0, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
  package var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int, _ offset: Int) -> Int = {
    pwrite($0, $1, $2, off_t($3))
  }
  package var synchronise: @Sendable (_ descriptor: Int32) -> Int32 = { fsync($0) }
  package var rename: @Sendable (_ old: String, _ new: String) -> Int32 = { Glibc.rename($0, $1) }
  package var link: @Sendable (_ old: String, _ new: String) -> Int32 = { Glibc.link($0, $1) }

  package init() {}

  package static let system = FileCalls()
}
