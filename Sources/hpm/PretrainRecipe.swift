import Foundation
import Jobs
import Training

/// Jobs of the kind `pretrain`: `hpm pretrain` with the options that its documentation lists, on a data set of the service.
struct PretrainRecipe: JobRecipe {
  let kind = "pretrain"

  /// What the service decides, so that no client does.
  private static let reserved = [
    "data.path": "the job's data set names the images", "data.spool_folder": "the service chooses the folder",
  ]
  private static let presetMember = "preset"

  func plan(config: String, threads: Int) throws(JobError) -> JobPlan {
    JobPlan(epochs: try configuration(config, threads: threads).schedule.epochs)
  }

  func command(for job: Job, in folder: JobFolder, threads: Int) throws(JobError) -> WorkerCommand {
    if FileManager.default.fileExists(atPath: "\(folder.run)/config.json") {
      return WorkerCommand(arguments: ["pretrain", "--out", folder.run, "--resume"])
    }
    var configuration = try configuration(job.config, threads: threads)
    configuration.data.path = job.datasetPath
    configuration.data.spoolFolder = folder.path
    configuration.data.loaderThreads = configuration.data.loaderThreads ?? threads
    configuration.run.threads = configuration.run.threads ?? threads
    do { try DurableFiles().replace(folder.config, with: Array(configuration.json.pretty.utf8)) } catch {
      throw .home("\(error)")
    }
    return WorkerCommand(arguments: ["pretrain", "--config", folder.config, "--out", folder.run])
  }

  /// The configuration that a JSON object of option groups, with a preset where it names one, stands for.
  private func configuration(_ text: String, threads: Int) throws(JobError) -> PretrainingConfiguration {
    guard let json = try? JSONValue(parsing: text.utf8), case .object(let members) = json else {
      throw .wrongConfiguration(["expected an object of option groups such as {\"mask\": {\"ratio\": 0.5}}"])
    }
    var faults = Self.reservedFaults(json)
    let preset = json[Self.presetMember]
    if let preset, preset.string == nil { faults.append("preset: expected a text, found \(preset.compact)") }
    let groups = JSONValue.object(members.filter { $0.name != Self.presetMember })
    let configuration: PretrainingConfiguration
    do throws(PretrainingConfigurationError) {
      configuration = try .resolved(preset: preset?.string, file: Array(groups.compact.utf8))
    } catch { throw .wrongConfiguration(faults + error.faults) }
    for (path, count) in [("run.threads", configuration.run.threads), ("data.loader_threads", configuration.data.loaderThreads)] {
      if let count, count > threads { faults.append("\(path): expected at most \(threads), what the service gives a job, found \(count)") }
    }
    guard faults.isEmpty else { throw .wrongConfiguration(faults) }
    return configuration
  }

  private static func reservedFaults(_ json: JSONValue) -> [String] {
    reserved.sorted { $0.key < $1.key }.compactMap { path, reason in
      let parts = path.split(separator: ".").map(String.init)
      return json[parts[0]]?[parts[1]] == nil ? nil : "\(path): \(reason); leave it out"
    }
  }
}
