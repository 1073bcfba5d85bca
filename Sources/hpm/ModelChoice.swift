import ArgumentParser
import Checkpoints
import Foundation
import Kernels
import Service

/// Which models a command runs, and how they are loaded.
struct ModelChoice {
  let sources: [ModelSource]
  /// The name of the default model.
  let standard: String?
  /// Where uploaded models are kept; `nil` where there is no folder for them.
  let store: ModelStore?

  /// The model that the program brings, inside the share folder.
  static func embedded(in share: String) -> String { share + "/Models/tiny128.safetensors" }

  /// Every model of the configuration, or the embedded one where it names none, and what was uploaded before.
  ///
  /// - Parameter values: Of ``readingFlags`` and ``nonFiniteSwitch``, without their dashes.
  init(_ configuration: ServiceConfiguration, share: String?, reading values: [String: String] = [:]) throws {
    var (files, standard) = try ModelDirectory.find(configuration)
    if files.isEmpty, let share, FileManager.default.fileExists(atPath: Self.embedded(in: share)) {
      files = [ModelFile(name: "tiny128", version: 1, path: Self.embedded(in: share))]
      standard = "tiny128"
    }
    let uploads = ModelDirectory.uploads(configuration)
    if configuration.models == nil, let uploads, FileManager.default.fileExists(atPath: uploads) {
      let known = Set(files.map(\.identity))
      files += try ModelDirectory.scan(uploads).filter { !known.contains($0.identity) }
    }
    var options = VisionModelEngine.Options(
      precision: try Self.precision(configuration.precision), threads: configuration.threads ?? Processor.threadCount)
    try Self.set(&options, values)
    let (thread, chosen) = (ComputeThread(), options)
    let source: @Sendable (ModelFile) -> ModelSource = { file in
      ModelSource(name: file.name, version: file.version, path: file.path) { try await VisionModelEngine.load(file, chosen, on: thread) }
    }
    self.standard = standard
    sources = files.map(source)
    store = uploads.map { folder in
      ModelStore(
        folder: folder, maximumBytes: configuration.maximumModelBytes,
        check: { try VisionModelEngine.check($0, chosen) }, source: source)
    }
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
