import Foundation

/// The memory of this process, as the kernel counts it.
enum ProcessMemory {
  /// The most that has been resident so far, in bytes; `nil` where the system does not say.
  static var peakResidentBytes: Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    return peakResidentBytes(ofStatus: status)
  }

  /// From the text of `/proc/self/status`, whose line reads `VmHWM:  1234 kB`.
  static func peakResidentBytes(ofStatus text: String) -> Int? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else { return nil }
    return line.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
  }
}
