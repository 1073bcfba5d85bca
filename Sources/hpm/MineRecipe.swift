import Evaluation
import Foundation
import Jobs
import Training

/// Jobs of the kind `mine`: `hpm mine` with a model of the service on one of its data sets.
struct MineRecipe: JobRecipe {
  let kind = "mine"
  /// The file of a model that is called by `name` or `name@version`, of the default model for `nil`; `nil` where there is none.
  private let modelPath: @Sendable (String?) -> String?

  init(modelPath: @escaping @Sendable (String?) -> String?) { self.modelPath = modelPath }

  private static let modelMember = "model"

  /// What followers see as one epoch is once through all images.
  func plan(config: String, threads: Int) throws(JobError) -> JobPlan {
    _ = try order(config)
    return JobPlan(epochs: 1)
  }

  func command(for job: Job, in folder: JobFolder, threads: Int) throws(JobError) -> WorkerCommand {
    if FileManager.default.fileExists(atPath: "\(folder.run)/config.json") {
      return WorkerCommand(arguments: ["mine", "--out", folder.run, "--resume"])
    }
    let order = try order(job.config)
    return WorkerCommand(
      arguments: ["mine", "--model", order.model, "--data", job.datasetPath, "--out", folder.run, "--threads", "\(threads)"]
        + MiningOptions.words(order.settings))
  }

  /// The model's file, and the settings, that a configuration stands for.
  private func order(_ config: String) throws(JobError) -> (model: String, settings: [JSONValue.Member]) {
    guard let json = try? JSONValue(parsing: config.utf8), case .object(let members) = json else {
      throw .wrongConfiguration(["expected an object such as {\"model\": \"tiny128\", \"ratio\": 0.75}"])
    }
    let given = members.filter { $0.name != Self.modelMember }
    var faults: [String] = []
    var settings = MiningSettings()
    do throws(PretrainingConfigurationError) { settings = try MiningSettings(given) } catch { faults += error.faults }
    let named = members.filter { $0.name == Self.modelMember }.map(\.value)
    let path = named.isEmpty ? modelPath(nil) : named.count == 1 ? named[0].string.flatMap { modelPath($0) } : nil
    if let path {
      faults += Self.faults(path, settings)
    } else {
      let found = named.isEmpty ? "none" : named.map(\.compact).joined(separator: " and ")
      faults.append("model: expected a model of this service, found \(found)")
    }
    guard faults.isEmpty, let path else { throw .wrongConfiguration(faults) }
    return (path, given)
  }

  /// What keeps the model from being mined with.
  private static func faults(_ path: String, _ settings: MiningSettings) -> [String] {
    do {
      _ = try MiningRegime(settings, of: EvaluatedCheckpoint(path, EvaluatedCheckpoint.Reading()))
      return []
    } catch let error as PretrainingConfigurationError { return error.faults } catch {
      // Where models lie is nobody's business.
      return ["model: \("\(error)".replacing(path, with: "its file"))"]
    }
  }
}
