import ArgumentParser
import Checkpoints
import Foundation
import Tensors

/// `hpm convert`: a checkpoint in another container, layout or element type.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Write a checkpoint anew, as .pth or .safetensors, under the names of another program.",
    discussion: """
      The extension of OUT chooses the container: .safetensors, or .pth (.pt) as torch.save writes it. OUT must not exist; it appears whole \
      or not at all. Heads and everything else that IN says of itself are carried over.

      --layout hpm: the authors' names with both decoders; a .pth holds state_dict (names behind module.), ema_state_dict for a teacher, \
      model, and config. mae: MAE's names without the loss predictor. hf: Hugging Face's ViTMAE. timm: the encoder for \
      timm's vision transformer. vitdet: the encoder behind backbone.net. Without --layout, IN's own.

      --weights auto takes the EMA weights where there are any, and keeps the student's beside them in a .pth of layout hpm.
      """)

  @Argument(help: ArgumentHelp("The checkpoint to read.", valueName: "in"))
  var input: String

  @Argument(help: ArgumentHelp("The file to write.", valueName: "out"))
  var output: String

  @Option(help: "The names in OUT; without it, those in IN.")
  var layout: KeyLayout?

  @Option(help: "What numbers are stored as; without it, as IN has them.")
  var dtype: StoredType?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Something that OUT says of itself, such as mode=masked_average; repeatable.", valueName: "key=value"))
  var settings: [String] = []

  @Flag(help: "Convert weights that are not finite numbers as well.")
  var allowNonFinite = false

  @OptionGroup var reading: CheckpointReading

  /// What a number can be stored as.
  enum StoredType: String, CaseIterable, ExpressibleByArgument {
    case fp32, fp16, bf16

    var elementType: ElementType {
      switch self {
      case .fp32: .float32
      case .fp16: .float16
      case .bf16: .bfloat16
      }
    }
  }

  func run() throws {
    guard let format = CheckpointConversion.Format(path: output) else {
      throw ValidationError("\(output) does not end in .safetensors, .pth or .pt, one of which says what to write.")
    }
    let conversion = CheckpointConversion(
      format: format, layout: layout, elementType: dtype?.elementType, weights: reading.weights,
      nonFinite: allowNonFinite ? .allow : .refuse, heads: reading.heads, decoderHeads: reading.decoderHeads, metadata: try metadata())
    let outcome = try conversion.convert(input, to: output)
    let weights = outcome.weights.map(\.rawValue).sorted().joined(separator: " and ")
    print("\(output): \(outcome.tensorCount) tensors a set, layout \(outcome.layout.rawValue), weights: \(weights)")
    let leftOut =
      outcome.leftOut.isEmpty ? [] : ["Without \(outcome.leftOut.count) tensors, which the layout lacks: \(Self.summary(outcome.leftOut))"]
    for line in leftOut + outcome.notes { FileHandle.standardError.write(Data((line + ".\n").utf8)) }
  }

  private func metadata() throws -> [String: String] {
    var result: [String: String] = [:]
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty else { throw ValidationError("--set \(setting) is not of the form key=value.") }
      guard !CheckpointConversion.reservedKeys.contains(parts[0]) else {
        throw ValidationError("--set \(parts[0]) is not possible: \(parts[0]) says how the file was written.")
      }
      guard result.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw ValidationError("--set \(parts[0]) is given more than once.")
      }
    }
    return result
  }

  /// The modules that names belong to, each once.
  private static func summary(_ names: [String]) -> String {
    var seen: Set<Substring> = []
    return names.map { $0.prefix { $0 != "." } }.filter { seen.insert($0).inserted }.joined(separator: ", ")
  }
}
