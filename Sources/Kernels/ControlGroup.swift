import Foundation

/// The processor share that the control group of this process is held to, as containers set it.
enum ControlGroup {
  /// Whole processors that the quota of version 2 (`cpu.max`) or version 1 (`cpu.cfs_quota_us`) amounts to; `nil` without one.
  static func processorQuota() -> Int? {
    if let text = read("/sys/fs/cgroup/cpu.max") { return quota(version2: text) }
    guard let quota = read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), let period = read("/sys/fs/cgroup/cpu/cpu.cfs_period_us") else {
      return nil
    }
    return self.quota(version2: "\(quota.trimmingCharacters(in: .whitespacesAndNewlines)) \(period)")
  }

  /// The quota of a `cpu.max` line, `QUOTA PERIOD` in microseconds, where `max` or a negative quota means none.
  static func quota(version2 text: String) -> Int? {
    let fields = text.split(whereSeparator: \.isWhitespace)
    guard fields.count == 2, let quota = Int(fields[0]), let period = Int(fields[1]), quota > 0, period > 0 else { return nil }
    return max(1, quota / period)
  }

  private static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
