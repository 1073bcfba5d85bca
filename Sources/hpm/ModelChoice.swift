import Foundation
import Kernels
import Service

/// Which models a command runs, and how they are loaded.
enum ModelChoice {
  /// The model that the program brings, inside the share folder.
  static func embedded(in share: String) -> String { share + "/models/small32.safetensors" }

  /// Every model of the configuration, or the embedded one where it names none.
  static func sources(_ configuration: ServiceConfiguration, share: String?) throws -> (sources: [ModelSource], standard: String?) {
    var (files, standard) = try ModelDirectory.find(configuration)
    if files.isEmpty, let share, FileManager.default.fileExists(atPath: embedded(in: share)) {
      files = [ModelFile(name: "small32", version: 1, path: embedded(in: share))]
      standard = "small32"
    }
    let options = VisionModelEngine.Options(
      precision: try precision(configuration.precision), threads: configuration.threads ?? Processor.threadCount)
    let thread = ComputeThread()
    let sources = files.map { file in
      ModelSource(name: file.name, version: file.version) { try await VisionModelEngine.load(file, options, on: thread) }
    }
    return (sources, standard)
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
