import Foundation
import TestSupport
import Testing
import Training

/// `docs/paper.md`: every row of the paper's tables is a configuration that can run.
@Suite struct PaperTests {
  @Test func `every row's options are a configuration of their own`() throws {
    let text = try String(contentsOf: Fixtures.root.appendingPathComponent("docs/paper.md"), encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.contains("`--set ") }
    #expect(rows.count >= 18)
    let standard = try PretrainingConfiguration.resolved(preset: "vit_base_200")
    for row in rows {
      let cell = try #require(row.split(separator: "`").first { $0.hasPrefix("--set ") })
      let assignments = cell.split(separator: " ").filter { $0 != "--set" }.map(String.init)
      #expect(try PretrainingConfiguration.resolved(preset: "vit_base_200", assignments: assignments) != standard, "\(row)")
    }
  }
}
