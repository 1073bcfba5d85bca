import ArgumentParser

/// The command line; each subcommand is a file of its name.
@main
struct HPM: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hpm", abstract: "Hard Patches Mining: which patches of an image are hard to reconstruct.", version: "0.1.0",
    subcommands: [ServeCommand.self, BenchCommand.self])
}
