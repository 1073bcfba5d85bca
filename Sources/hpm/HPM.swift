import ArgumentParser
import Foundation
import Service

/// The command line; each subcommand is a file of its name.
@main
struct HPM: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hpm", abstract: "Hard Patches Mining: which patches of an image are hard to reconstruct.",
    version: "hpm \(ProgramVersion.text)",
    subcommands: [
      ServeCommand.self, PredictCommand.self, MaskCommand.self, PretrainCommand.self, EvaluateCommand.self, MineCommand.self,
      ConvertCommand.self, InspectCommand.self, BenchCommand.self, HealthCommand.self, KeysCommand.self,
    ])

  private static let wrongUsage: Int32 = 2

  /// Runs the command; exit code 0 when done, 1 when it failed, 2 for wrong usage.
  static func main() async {
    TeamPolicy(arguments: CommandLine.arguments).ensure()
    do {
      var command = try parseAsRoot()
      if var awaited = command as? any AsyncParsableCommand { try await awaited.run() } else { try command.run() }
    } catch {
      let code = exitCode(for: error)
      let message = fullMessage(for: error)
      let output = code == .success ? FileHandle.standardOutput : .standardError
      if !message.isEmpty { output.write(Data((message + "\n").utf8)) }
      Foundation.exit(code == .validationFailure ? wrongUsage : code.rawValue)
    }
  }
}
