import ArgumentParser
import Checkpoints

/// The options of commands that read a checkpoint without running it.
struct CheckpointReading: ParsableArguments {
  @Option(help: "Whose weights.")
  var weights = Checkpoint.WeightChoice.automatic

  @Option(help: "Heads of the encoder, where the file does not tell.")
  var heads: Int?

  @Option(help: "Heads of the decoders, where the file does not tell.")
  var decoderHeads: Int?

  func validate() throws {
    for (flag, count) in [("--heads", heads), ("--decoder-heads", decoderHeads)] {
      if let count, count < 1 { throw ValidationError("\(flag) is \(count), but must be a whole number from 1.") }
    }
  }
}

extension Checkpoint.WeightChoice: ExpressibleByArgument {}

extension KeyLayout: ExpressibleByArgument {
  /// Only what can be written is asked for.
  package init?(argument: String) {
    guard let layout = Self(rawValue: argument), Self.writable.contains(layout) else { return nil }
    self = layout
  }

  package static var allValueStrings: [String] { writable.map(\.rawValue) }
}
