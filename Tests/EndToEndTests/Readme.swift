import Foundation
import TestSupport

/// The fenced blocks of `README.md`.
struct Readme {
  /// One block; `name` is what follows `run=` behind the language.
  struct Block {
    let language: String
    let name: String?
    let code: String
  }

  let blocks: [Block]

  private static let mark = "run="
  private static let address = "127.0.0.1:8080"

  init() throws {
    let text = try String(contentsOf: Fixtures.root.appendingPathComponent("README.md"), encoding: .utf8)
    var blocks: [Block] = []
    var rest = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let line = rest.popFirst() {
      guard line.hasPrefix("```") else { continue }
      let words = line.dropFirst(3).split(separator: " ")
      let code = rest.prefix { $0 != "```" }
      rest = rest.dropFirst(code.count + 1)
      let name = words.dropFirst().first { $0.hasPrefix(Self.mark) }.map { String($0.dropFirst(Self.mark.count)) }
      blocks.append(Block(language: words.first.map(String.init) ?? "", name: name, code: code.joined(separator: "\n")))
    }
    self.blocks = blocks
  }

  /// Runs a block as it stands in `folder`, but for the address, which is that of `service`.
  func run(_ name: String, on service: ServedProgram, in folder: URL) async throws -> Outcome {
    guard let block = blocks.first(where: { $0.name == name }) else { throw MissingBlock(name: name) }
    let code = block.code.replacing(Self.address, with: "127.0.0.1:\(service.port)")
    let command = block.language == "python" ? ["python3", "-c", code] : ["bash", "-euo", "pipefail", "-c", code]
    return try await Outcome(of: command, in: folder)
  }

  /// A block that the tests know and the README has no more.
  struct MissingBlock: Error {
    let name: String
  }
}

/// What the README's examples are run with, where it is installed.
enum Interpreter {
  static let hasCurl = ends(["curl", "--version"])
  static let hasPython = ends(["python3", "-c", "import numpy, requests"])

  private static func ends(_ command: [String]) -> Bool {
    (try? ChildProcess(command).outcome().status) == 0
  }
}
