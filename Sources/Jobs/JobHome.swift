import Foundation

/// The folder of what the service writes, held for one server:
///
/// | name | what |
/// | --- | --- |
/// | `jobs.sqlite` | ``JobStore`` |
/// | `jobs/ID/` | a job: ``JobFolder`` |
/// | `datasets/NAME/` | an uploaded data set, unpacked |
/// | `uploads/` | uploads on their way; emptied at start |
/// | `server.lock` | held, and naming its process, while a server runs on it |
package final class JobHome: Sendable {
  package let path: String
  private let lock: FileLock

  var database: String { "\(path)/jobs.sqlite" }
  var uploads: String { "\(path)/uploads" }
  var datasets: String { "\(path)/datasets" }

  /// Takes the folder, made where it is missing.
  ///
  /// - Throws: ``JobError/home(_:)`` where it cannot be made; ``JobError/homeInUse(_:)`` where another server has it.
  package init(_ path: String) throws(JobError) {
    self.path = path
    for folder in ["", "jobs", "datasets", "uploads"] { try Self.makeFolder(folder.isEmpty ? path : "\(path)/\(folder)") }
    guard let lock = try FileLock.take("\(path)/server.lock") else {
      let holder = SmallFile.text("\(path)/server.lock").flatMap { Int($0.prefix { $0 != "\n" }) }.map { "process \($0)" }
      throw .homeInUse(
        "\(path): another server (\(holder ?? "unknown")) works on this home folder; stop it, or give this one another with --home.")
    }
    try lock.signProcess()
    self.lock = lock
    for name in SmallFile.names(in: uploads) { try? FileManager.default.removeItem(atPath: "\(uploads)/\(name)") }
  }

  /// Lets another server have the folder before this process ends.
  func release() { lock.release() }

  /// Bytes of all files but those of data sets and uploads.
  var otherBytes: Int {
    let others = SmallFile.names(in: path).filter { !["datasets", "uploads"].contains($0) }
    return others.reduce(0) { $0 + Disk.bytes(of: "\(path)/\($1)") }
  }

  /// The files of a job.
  func folder(of job: Job) -> JobFolder { JobFolder(path: "\(path)/jobs/\(job.id)") }

  static func makeFolder(_ path: String) throws(JobError) {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw .home("\(path): the folder cannot be made: \(error.localizedDescription)")
    }
  }
}

/// The files of one job:
///
/// | name | what |
/// | --- | --- |
/// | `run/` | the run directory, which the worker alone writes |
/// | `config.json` | the configuration that the worker is started with |
/// | `output.txt` | what workers wrote to their standard output and error |
/// | `worker.lock` | held by the worker while it lives |
package struct JobFolder: Sendable, Hashable {
  package let path: String

  package var run: String { "\(path)/run" }
  package var config: String { "\(path)/config.json" }
  package var output: String { "\(path)/output.txt" }
  var lock: String { "\(path)/worker.lock" }
  /// How the run ended, as the worker says.
  var result: String { "\(run)/result.json" }
  package var metrics: String { "\(run)/metrics.jsonl" }
  var log: String { "\(run)/log.txt" }
  package var checkpoints: String { "\(run)/checkpoints" }

  /// Removes what a worker that was killed was just writing; for when none runs.
  func removePartialFiles() {
    let files = FileManager.default.enumerator(atPath: path)
    while let name = files?.nextObject() as? String {
      if Self.isPartial(name) { unlink("\(path)/\(name)") }
    }
  }

  /// How files are called that are not whole yet.
  private static func isPartial(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return name.hasPrefix(".hpm-") && name.hasSuffix(".partial")
  }
}
