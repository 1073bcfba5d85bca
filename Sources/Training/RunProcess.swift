import Foundation

/// A process of a machine, told from every other that had or will have its number.
package struct RunProcess: Hashable, Sendable {
  package let identifier: Int
  /// Clock ticks from the machine's start to the process's (proc(5), field 22 of `/proc/PID/stat`).
  package let startTicks: Int
  /// Changes with every start of the machine.
  package let bootIdentifier: String

  /// This process.
  package static let current = RunProcess(
    identifier: Int(getpid()), startTicks: startTicks(of: "self") ?? 0, bootIdentifier: bootIdentifierNow ?? "")

  init(identifier: Int, startTicks: Int, bootIdentifier: String) {
    self.identifier = identifier
    self.startTicks = startTicks
    self.bootIdentifier = bootIdentifier
  }

  /// The process that a run's `lock` names; `nil` where it names none.
  package init?(readFrom path: String) {
    guard let bytes = FileManager.default.contents(atPath: path), let json = try? JSONValue(parsing: bytes),
      let identifier = json["pid"]?.wholeNumber, let startTicks = json["start_ticks"]?.wholeNumber,
      let bootIdentifier = json["boot_id"]?.string
    else { return nil }
    self.init(identifier: identifier, startTicks: startTicks, bootIdentifier: bootIdentifier)
  }

  /// Whether it still runs.
  package var isAlive: Bool {
    bootIdentifier == Self.bootIdentifierNow && Self.startTicks(of: String(identifier)) == startTicks
  }

  var json: JSONValue {
    .object([
      JSONValue.Member("pid", .integer(identifier)), JSONValue.Member("start_ticks", .integer(startTicks)),
      JSONValue.Member("boot_id", .text(bootIdentifier)),
    ])
  }

  private static var bootIdentifierNow: String? {
    text("/proc/sys/kernel/random/boot_id")?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The name in field 2 may hold spaces and brackets, so fields are counted from the last bracket.
  private static func startTicks(of process: String) -> Int? {
    guard let stat = text("/proc/\(process)/stat"), let bracket = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: bracket)...].split(separator: " ")
    return fields.count > 19 ? Int(fields[19]) : nil
  }

  private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
