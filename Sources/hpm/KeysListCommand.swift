import ArgumentParser
import Foundation
import Service

/// `hpm keys list`: every key, without what would let anybody in.
struct KeysListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the keys and what each may be used for.")

  @OptionGroup var choice: KeyFileChoice

  func run() throws {
    var table = TextTable(["name", "rights", "requests a minute", "expires", "state"])
    for key in try choice.file.read() {
      table.add([
        key.name, AccessRight.allCases.filter(key.rights.contains).map(\.rawValue).joined(separator: ","),
        key.requestsPerMinute.map { String($0) } ?? "any", key.expiry.map(Timestamp.text) ?? "never",
        key.isValid(at: Date()) ? "valid" : "expired",
      ])
    }
    print(table.text)
  }
}
