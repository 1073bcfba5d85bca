import ArgumentParser
import Foundation
import Service

/// `hpm keys`: who may ask a service for what.
struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Make, list and revoke the keys of a service.",
    discussion: "A service that runs with --keys FILE reads the file again when it changes.",
    subcommands: [KeysAddCommand.self, KeysListCommand.self, KeysRevokeCommand.self])
}

/// Which file of keys a command works on.
struct KeyFileChoice: ParsableArguments {
  @Option(help: ArgumentHelp("The file of keys; without it, the one that HPM_KEYS names.", valueName: "file"))
  var keys: String?

  private static let variable = "HPM_KEYS"

  var file: KeyFile {
    get throws {
      guard let path = keys ?? ProcessInfo.processInfo.environment[Self.variable], !path.isEmpty else {
        throw ValidationError("No file of keys is named: give --keys FILE, or set \(Self.variable).")
      }
      return KeyFile(path)
    }
  }
}
