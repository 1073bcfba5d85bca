import ArgumentParser

/// `hpm evaluate`: how good a checkpoint is.
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a checkpoint: how well its predicted losses rank patches, how well its features tell classes.",
    subcommands: [EvaluatePredictorCommand.self, EvaluateNeighboursCommand.self])
}
