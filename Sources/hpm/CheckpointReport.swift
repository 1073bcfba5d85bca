import Checkpoints
import Tensors

/// What `hpm inspect` says of a checkpoint, as aligned text or as JSON.
struct CheckpointReport {
  let checkpoint: Checkpoint
  let survey: CheckpointSurvey

  init(_ checkpoint: Checkpoint, _ survey: CheckpointSurvey) {
    self.checkpoint = checkpoint
    self.survey = survey
  }

  /// Rows and columns of a square grid, `nil` where the number of patches is no square.
  var grid: [Int]? {
    guard let count = survey.architecture?.patchCount else { return nil }
    let side = Int(Double(count).squareRoot().rounded())
    return side * side == count ? [side, side] : nil
  }

  var nonFiniteCount: Int { survey.entries.reduce(0) { $0 + $1.nonFiniteCount } }

  var availableWeights: [String] { checkpoint.availableWeights.map(\.rawValue).sorted() }

  /// Paragraphs for a terminal.
  var text: String {
    let summary = [checkpoint.path] + Self.aligned(facts + network + verdict)
    let metadata = checkpoint.metadata.sorted { $0.key < $1.key }.map { [Self.printable($0.key), Self.printable($0.value)] }
    let paragraphs = [summary] + (metadata.isEmpty ? [] : [["metadata"] + Self.aligned(metadata)]) + problems + [tensors]
    return paragraphs.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private var facts: [[String]] {
    let others = availableWeights.filter { $0 != checkpoint.weights.rawValue }
    return [
      ["format", "\(checkpoint.container.rawValue), \(checkpoint.fileByteCount) bytes"], ["layout", checkpoint.layout.rawValue],
      ["weights", checkpoint.weights.rawValue + (others.isEmpty ? "" : "; the file has \(others.joined(separator: ", ")) as well")],
    ]
  }

  private var network: [[String]] {
    guard let found = survey.architecture else { return [] }
    func stack(_ stack: CheckpointArchitecture.Stack) -> String {
      "width \(stack.width), depth \(stack.depth), \(survey.hasKnownHeads ? "\(stack.heads) heads" : "heads unknown"), "
        + "hidden width \(stack.hiddenWidth)"
    }
    let side = grid.map { "\($0[0]) × \($0[1]) for \($0[1] * found.patchSize) × \($0[0] * found.patchSize) pixels" }
    return [
      ["architecture", found.name], ["encoder", stack(found.encoder)], ["decoder", stack(found.decoder)],
      ["patch", "\(found.patchSize) × \(found.patchSize) pixels, \(found.channels) channels"],
      ["grid", side ?? "\(found.patchCount) patches, which make no square"],
      ["loss predictor", found.lossPredictorRows.map { "\($0) outputs" } ?? "none"],
      ["reconstructor", found.reconstructorOutputs.map { "\($0) outputs" + (found.predictsPixels ? ", pixels" : "") } ?? "none"],
      ["parameters", "\(found.parameterCount)"],
    ]
  }

  private var verdict: [[String]] {
    let (count, problems) = (nonFiniteCount, survey.problems.count)
    let reason = problems == 0 ? survey.obstacle : "its tensors do not make the network; \(problems) are listed below"
    return [["numbers", count == 0 ? "all finite" : "\(count) not finite"], ["fits", reason.map { "no: \($0)" } ?? "yes"]]
  }

  private var problems: [[String]] {
    KeyProblem.Kind.allCases.compactMap { kind in
      let details = survey.problems.filter { $0.kind == kind }.map { "  " + $0.detail }
      return details.isEmpty ? nil : [kind.rawValue] + details
    }
  }

  private var tensors: [String] {
    let rows = survey.entries.map { entry in
      [Self.printable(entry.name), "\(entry.shape)", entry.type.rawValue, "\(entry.byteCount) bytes"]
        + (entry.nonFiniteCount == 0 ? [] : ["\(entry.nonFiniteCount) not finite"])
    }
    return ["tensors (\(rows.count))"] + Self.aligned(rows)
  }

  /// Rows as indented lines whose columns stand under each other.
  private static func aligned(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.compactMap { $0.indices.contains(column) ? $0[column].count : nil }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { column in
        column == row.count - 1 ? row[column] : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }
      return "  " + cells.joined(separator: "  ")
    }
  }

  /// Text out of a file, safe on a terminal.
  private static func printable(_ text: String) -> String {
    text.unicodeScalars.map { $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0) }.joined()
  }
}
