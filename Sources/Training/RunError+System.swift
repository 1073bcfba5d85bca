import Checkpoints
import Glibc

extension RunError {
  /// What the system refused: `RunError(path, cannot: "write the file", number: errno)`.
  init(_ path: String, cannot action: String, number: Int32) {
    self.init(
      path: path, reason: "cannot \(action): \(String(cString: strerror(number)))\(Self.advice(number))", cause: Self.cause(number))
  }

  /// What kept a file from being written.
  init(_ path: String, _ error: FormatError) { self.init(CheckpointError(path: path, reason: error.reason, number: error.number)) }

  /// What kept a checkpoint from being written.
  init(_ error: CheckpointError) {
    self.init(
      path: error.path, reason: error.reason + (error.number.map(Self.advice) ?? ""), cause: error.number.flatMap(Self.cause))
  }

  private static func cause(_ number: Int32) -> Cause? { [ENOSPC, EDQUOT].contains(number) ? .noRoom : nil }

  private static func advice(_ number: Int32) -> String {
    switch number {
    case ENOSPC, EDQUOT: "; make room on its disk and resume: what was there before is intact"
    case EACCES, EROFS, EPERM: "; make it writable and resume: what was there before is intact"
    default: ""
    }
  }
}
