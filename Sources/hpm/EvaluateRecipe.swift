import Foundation
import Jobs
import Training

/// Jobs of the kind `evaluate`: `hpm evaluate` with a model of the service on one of its data sets; what it finds is `evaluation.json`.
struct EvaluateRecipe: JobRecipe {
  let kind = "evaluate"
  /// The file of a model that is called by `name` or `name@version`; `nil` where there is none.
  private let modelPath: @Sendable (String) -> String?

  init(modelPath: @escaping @Sendable (String) -> String?) { self.modelPath = modelPath }

  private static let result = "evaluation.json"

  /// One member of the configuration that goes to the command line as it is.
  private struct Option {
    let name: String
    let allowed: String
    let accepts: @Sendable (JSONValue) -> Bool

    static func count(_ name: String) -> Option {
      Option(name: name, allowed: "a whole number from 1") { ($0.wholeNumber ?? 0) > 0 }
    }

    static func choice(_ name: String, _ words: [String]) -> Option {
      Option(name: name, allowed: "one of \(words.joined(separator: ", "))") { $0.string.map(words.contains) ?? false }
    }

    /// A folder of the data set.
    static func folder(_ name: String) -> Option {
      Option(name: name, allowed: "a folder of the data set") { json in
        let segments = (json.string ?? "").split(separator: "/", omittingEmptySubsequences: false)
        return !segments.contains { $0.isEmpty || $0 == "." || $0 == ".." || $0.contains("!") }
      }
    }
  }

  /// The methods of `hpm evaluate` with what each takes.
  private static let methods: [String: [Option]] = [
    "predictor": [
      .count("images"), Option(name: "seed", allowed: "a whole number from 0") { ($0.wholeNumber ?? -1) >= 0 }, .count("masks"),
      .count("draws"), Option(name: "ratio", allowed: "a number between 0 and 1") { ($0.decimal ?? 0) > 0 && ($0.decimal ?? 1) < 1 },
      .choice("fit", ["crop", "stretch"]),
    ],
    "knn": [.folder("train"), .folder("test"), .count("k"), .choice("features", ["class", "mean"]), .choice("fit", ["crop", "stretch"])],
  ]
  private static let folders = ["train", "test"]

  func plan(config: String, threads: Int) throws(JobError) -> JobPlan {
    _ = try arguments(config, dataset: "")
    return JobPlan(epochs: nil)
  }

  func command(for job: Job, in folder: JobFolder, threads: Int) throws(JobError) -> WorkerCommand {
    do { try FileManager.default.createDirectory(atPath: folder.run, withIntermediateDirectories: true) } catch {
      throw .home("\(folder.run): the folder cannot be made: \(error.localizedDescription)")
    }
    return WorkerCommand(
      arguments: try arguments(job.config, dataset: job.datasetPath) + ["--threads", "\(threads)", "--json"],
      standardOutput: "\(folder.run)/\(Self.result)")
  }

  /// The command line that a configuration stands for.
  private func arguments(_ config: String, dataset: String) throws(JobError) -> [String] {
    guard let json = try? JSONValue(parsing: config.utf8), case .object(let members) = json else {
      throw .wrongConfiguration(["expected an object such as {\"method\": \"predictor\", \"model\": \"tiny128\"}"])
    }
    guard let method = json["method"]?.string, let options = Self.methods[method] else {
      throw .wrongConfiguration(["method: expected one of \(Self.methods.keys.sorted().joined(separator: ", "))"])
    }
    var faults = Self.faults(members, options, of: method)
    let model = json["model"]?.string
    let path = model.flatMap(modelPath)
    if path == nil { faults.append("model: expected a model of this service, found \(json["model"]?.compact ?? "none")") }
    guard faults.isEmpty, let path else { throw .wrongConfiguration(faults) }
    let sets = method == "knn" ? [] : ["--data", dataset]
    return ["evaluate", method, "--model", path] + sets + Self.words(json, options, dataset)
  }

  /// A sentence for each member that is unknown, wrong or missing.
  private static func faults(_ members: [JSONValue.Member], _ options: [Option], of method: String) -> [String] {
    let known = ["method", "model"] + options.map(\.name)
    var faults = members.filter { !known.contains($0.name) }
      .map { "\($0.name): there is no such option; \(method) has \(options.map(\.name).joined(separator: ", "))" }
    for option in options {
      if let value = members.first(where: { $0.name == option.name })?.value {
        if !option.accepts(value) { faults.append("\(option.name): expected \(option.allowed), found \(value.compact)") }
      } else if folders.contains(option.name) {
        faults.append("\(option.name): expected \(option.allowed), found none")
      }
    }
    return faults
  }

  private static func words(_ json: JSONValue, _ options: [Option], _ dataset: String) -> [String] {
    options.flatMap { option -> [String] in
      guard let value = json[option.name] else { return [] }
      let text = value.string ?? value.compact
      return ["--\(option.name)", folders.contains(option.name) ? "\(dataset)!\(text)" : text]
    }
  }
}
