import Foundation

/// The file of the running program.
enum ExecutableFile {
  /// As the kernel knows it (proc(5), `/proc/self/exe`): the name that a program was called by leads nowhere if it was found on PATH.
  static var path: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }
}
