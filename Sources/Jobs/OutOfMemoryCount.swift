/// How many processes of this control group the kernel has killed for lack of memory (cgroup v2, `memory.events`).
enum OutOfMemoryCount {
  /// 0 where the kernel keeps no count that may be read.
  static var now: Int {
    // The file of the group that this process is in; within a container that is the root of what it sees.
    let group = SmallFile.text("/proc/self/cgroup").flatMap { text in
      text.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    }
    let candidates = [group.map { "/sys/fs/cgroup\($0)/memory.events" }, "/sys/fs/cgroup/memory.events"].compactMap { $0 }
    let text = candidates.lazy.compactMap { SmallFile.text($0) }.first ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") { return Int(line.dropFirst(9)) ?? 0 }
    return 0
  }
}
