import ArgumentParser
import Checkpoints
import Foundation
import Kernels
import Service

/// Which models a command runs, and how they are loaded.
enum ModelChoice {
  /// The model that the program brings, inside the share folder.
  static func embedded(in share: String) -> String { share + "/Models/small32.safetensors" }

  /// Every model of the configuration, or the embedded one where it names none.
  ///
  /// - Parameter values: Of ``readingFlags`` and ``nonFiniteSwitch``, without their dashes.
  static func sources(
    _ configuration: ServiceConfiguration, share: String?, reading values: [String: String] = [:]
  ) throws -> (sources: [ModelSource], standard: String?) {
    var (files, standard) = try ModelDirectory.find(configuration)
    if files.isEmpty, let share, FileManager.default.fileExists(atPath: embedded(in: share)) {
      files = [ModelFile(name: "small32", version: 1, path: embedded(in: share))]
      standard = "small32"
    }
    var options = VisionModelEngine.Options(
      precision: try precision(configuration.precision), threads: configuration.threads ?? Processor.threadCount)
    try set(&options, values)
    let (thread, chosen) = (ComputeThread(), options)
    let sources = files.map { file in
      ModelSource(name: file.name, version: file.version) { try await VisionModelEngine.load(file, chosen, on: thread) }
    }
    return (sources, standard)
  }

  /// Options that say how a checkpoint is read, where the file does not.
  static let readingFlags = ["--weights", "--heads", "--decoder-heads"]
  static let nonFiniteSwitch = "--allow-non-finite"

  private static func set(_ options: inout VisionModelEngine.Options, _ values: [String: String]) throws {
    func count(_ name: String) throws -> Int? {
      guard let text = values[name] else { return nil }
      guard let count = Int(text), count > 0 else { throw ValidationError("--\(name) is \(text), but must be a whole number from 1.") }
      return count
    }
    options.heads = try count("heads")
    options.decoderHeads = try count("decoder-heads")
    if let text = values["weights"] {
      guard let weights = Checkpoint.WeightChoice(rawValue: text) else {
        throw ValidationError(
          "--weights is \(text), but must be one of \(Checkpoint.WeightChoice.allCases.map(\.rawValue).joined(separator: ", ")).")
      }
      options.weights = weights
    }
    if values[String(nonFiniteSwitch.dropFirst(2))] != nil { options.nonFinite = .allow }
  }

  /// What to compute in; bfloat16 is refused where the processor lacks it.
  private static func precision(_ wanted: ServiceConfiguration.Precision) throws -> Precision {
    switch wanted {
    case .float32: return .float32
    case .automatic: return Processor.hasBFloat16 ? .bfloat16 : .float32
    case .bfloat16:
      guard Processor.hasBFloat16 else { throw KernelError.bfloat16Unavailable }
      return .bfloat16
    }
  }
}

/// A command that could not do its work: a sentence, and exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
