package import GRDB

/// One job as the database has it.
package struct Job: Sendable, Hashable {
  /// The order of submission, from 1.
  package let number: Int
  /// What clients call it, `job-` and sixteen hexadecimal digits.
  package let id: String
  package let kind: String
  /// What its owner calls it.
  package let name: String?
  /// Name and folder, or file, of the images.
  package let dataset: String
  package let datasetPath: String
  /// The configuration as it was sent: a JSON object.
  package let config: String
  /// Greater ones start first.
  package let priority: Int
  package let state: JobState
  /// An order not yet obeyed.
  package let requested: JobOrder?
  /// Seconds since 1970.
  package let createdAt: Double
  package let startedAt: Double?
  package let endedAt: Double?
  /// How often a worker was started for it.
  package let attempt: Int
  /// Attempts in a row that ended in a fault of the job's without getting further than those before.
  package let failures: Int
  /// It is not started before, in seconds since 1970.
  package let notBefore: Double
  package let fault: JobFault?
  package let progress: JobProgress
}

/// How far a job is.
package struct JobProgress: Sendable, Hashable {
  /// The last line of the run's metrics, a JSON object; `nil` before the first.
  package var metrics: String?
  /// Steps done.
  package var step = 0
  /// Epochs done, fractional.
  package var epoch = 0.0
  /// Epochs in all, where the kind has such.
  package var epochs: Int?
  package var imagesPerSecond: Double?
  /// Seconds to the end at the pace of this attempt.
  package var secondsLeft: Double?

  /// Steps in all, once it can be told.
  package var steps: Int? {
    guard let epochs, epoch > 0 else { return nil }
    return Int((Double(step) / epoch * Double(epochs)).rounded())
  }
}

extension Job: FetchableRecord {
  package init(row: Row) throws {
    number = row["number"]
    id = row["id"]
    kind = row["kind"]
    name = row["name"]
    dataset = row["dataset"]
    datasetPath = row["dataset_path"]
    config = row["config"]
    priority = row["priority"]
    // The table's CHECK admits no other words.
    state = JobState(rawValue: row["state"]) ?? .failed
    requested = (row["requested"] as String?).flatMap(JobOrder.init(rawValue:))
    createdAt = row["created_at"]
    startedAt = row["started_at"]
    endedAt = row["ended_at"]
    attempt = row["attempt"]
    failures = row["failures"]
    notBefore = row["not_before"]
    fault = (row["fault_code"] as String?).flatMap(JobFault.Code.init(rawValue:)).map { JobFault($0, row["fault_reason"] ?? "") }
    progress = JobProgress(
      metrics: row["metrics"], step: row["step"], epoch: row["epoch"], epochs: row["epochs"], imagesPerSecond: row["images_per_second"],
      secondsLeft: row["seconds_left"])
  }
}
