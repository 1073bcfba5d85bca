import Foundation
import Training

/// The lines of a run's `metrics.jsonl`.
struct MetricsTable: JSONWritable, Sendable {
  private let lines: [JSONValue]

  /// The whole lines whose step comes after `step`; none where there is no file yet.
  init(_ path: String, after step: Int) {
    let bytes = FileManager.default.contents(atPath: path) ?? Data()
    lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      // A last line that is still being written is no JSON.
      guard let json = try? JSONValue(parsing: line), let own = json["step"]?.wholeNumber, own > step else { return nil }
      return json
    }
  }

  func write(to json: inout JSONWriter) {
    json.object { json in json.member("data", lines.map { WrittenJSON(text: $0.compact) }) }
  }

  /// A column for each metric that any line has, in the order of their first appearance (RFC 4180).
  var csv: String {
    var names: [String] = []
    for case .object(let members) in lines {
      for member in members where !names.contains(member.name) { names.append(member.name) }
    }
    let rows = lines.map { line in names.map { Self.cell(line[$0]) } }
    return ([names] + rows).map { $0.joined(separator: ",") + "\r\n" }.joined()
  }

  private static func cell(_ value: JSONValue?) -> String {
    switch value {
    case nil, .null?: ""
    case .text(let text)?: text
    case let value?: value.compact
    }
  }
}
