import Glibc

/// A process of a machine, told from every other that had or will have its number.
struct ProcessIdentity: Sendable, Hashable {
  let pid: Int32
  /// Clock ticks from the machine's start to the process's (proc(5), field 22 of `/proc/PID/stat`).
  let startTicks: Int
  /// Changes with every start of the machine.
  let bootIdentifier: String

  init(pid: Int32, startTicks: Int, bootIdentifier: String) {
    self.pid = pid
    self.startTicks = startTicks
    self.bootIdentifier = bootIdentifier
  }

  /// The process that has this number now; `nil` where none has.
  init?(pid: Int32) {
    guard let ticks = Self.startTicks(of: pid), let boot = Self.bootIdentifierNow else { return nil }
    self.init(pid: pid, startTicks: ticks, bootIdentifier: boot)
  }

  /// The process that was started with `variable` in its environment; `nil` where none runs that may be looked at.
  init?(withVariable variable: String) {
    let names = SmallFile.names(in: "/proc")
    let wanted = Array(variable.utf8)
    for name in names {
      guard let pid = Int32(name), let environment = SmallFile.bytes("/proc/\(name)/environ") else { continue }
      if environment.split(separator: 0).contains(where: { $0.elementsEqual(wanted) }) {
        self.init(pid: pid)
        return
      }
    }
    return nil
  }

  var isAlive: Bool { bootIdentifier == Self.bootIdentifierNow && Self.startTicks(of: pid) == startTicks }

  /// Sends a signal to the process and those it started, if it is still the same.
  func signal(_ number: Int32) {
    if isAlive { kill(-pid, number) }
  }

  private static let bootIdentifierNow = SmallFile.text("/proc/sys/kernel/random/boot_id").map { String($0.prefix { $0 != "\n" }) }

  /// The name in field 2 may hold spaces and brackets, so fields are counted from the last bracket.
  private static func startTicks(of pid: Int32) -> Int? {
    guard let stat = SmallFile.text("/proc/\(pid)/stat"), let bracket = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: bracket)...].split(separator: " ")
    return fields.count > 19 ? Int(fields[19]) : nil
  }
}
