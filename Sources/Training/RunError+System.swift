import Glibc

extension RunError {
  /// What the system refused: `RunError(path, cannot: "write the file", number: errno)`.
  init(_ path: String, cannot action: String, number: Int32) {
    let advice =
      switch number {
      case ENOSPC, EDQUOT: "; make room on its disk and resume: what was there before is intact"
      case EACCES, EROFS, EPERM: "; make it writable and resume: what was there before is intact"
      default: ""
      }
    self.init(path: path, reason: "cannot \(action): \(String(cString: strerror(number)))\(advice)")
  }
}
