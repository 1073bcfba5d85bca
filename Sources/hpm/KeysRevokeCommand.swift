import ArgumentParser
import Service

/// `hpm keys revoke`: takes a key out of the file; a service that reads it refuses the key from the next request on.
struct KeysRevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "revoke", abstract: "Take a key out of the file.")

  @Argument(help: "What the key is called.")
  var name: String

  @OptionGroup var choice: KeyFileChoice

  func run() throws { try choice.file.revoke(name) }
}
