import Foundation

/// `metrics.jsonl`: a JSON object a line, in the order of steps, each step's once however often the run was killed and resumed.
package final class MetricsLog {
  private let file: AppendedFile

  /// Opens the log to go on after `step`: lines of later steps, which the run will write again, and the end of a line that was cut off are removed.
  init(_ path: String, resumingAfter step: Int, files: DurableFiles) throws {
    if let bytes = FileManager.default.contents(atPath: path) {
      let kept = Self.kept([UInt8](bytes), through: step)
      if kept.count != bytes.count { try files.replace(path, with: kept) }
    }
    file = try AppendedFile(path)
  }

  package func append(_ record: MetricsRecord) throws(RunError) {
    try file.append(Array(record.json.compact.utf8) + [UInt8(ascii: "\n")])
  }

  /// Returns when all lines are on disk: before the state of their step is saved, so that a state never lacks its lines.
  package func synchronize() throws(RunError) { try file.synchronize() }

  /// The whole lines whose step is at most `step`.
  static func kept(_ bytes: [UInt8], through step: Int) -> [UInt8] {
    var kept: [UInt8] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[...end]
      if let own = self.step(of: line), own <= step { kept += line }
      rest = rest[(end + 1)...]
    }
    return kept
  }

  /// What follows `{"step":`, since every line of ours begins so.
  private static func step(of line: ArraySlice<UInt8>) -> Int? {
    let opening = Array("{\"step\":".utf8)
    guard line.starts(with: opening), line.suffix(2).first == UInt8(ascii: "}") else { return nil }
    return Int(String(decoding: line.dropFirst(opening.count).prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self))
  }
}
