import ArgumentParser
import Checkpoints
import Foundation
import Service

/// `hpm inspect`: what is in a checkpoint, what fits, what is missing.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what a checkpoint holds, which network it makes, and what keeps it from being served.",
    discussion: "Reads every number, and says how many are not finite. Names of tensors are the authors', whatever the file calls them.")

  @Argument(help: "A .pth or .safetensors file.")
  var file: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var reading: CheckpointReading

  func run() throws {
    let checkpoint = try Checkpoint.open(file, weights: reading.weights, nonFinite: .allow)
    let survey = try CheckpointSurvey(of: checkpoint, heads: reading.heads, decoderHeads: reading.decoderHeads)
    let report = CheckpointReport(checkpoint, survey)
    guard json else { return print(report.text) }
    FileHandle.standardOutput.write(Data(JSONWriter.bytes(of: report) + [UInt8(ascii: "\n")]))
  }
}
