/// What a kind of job is: which configurations it takes and how its worker is started. The kinds know training; this room does not.
package protocol JobRecipe: Sendable {
  /// `pretrain`, as clients name it.
  var kind: String { get }

  /// What must be known of a job before it is queued.
  ///
  /// - Parameters:
  ///   - config: A JSON object as the client sent it.
  ///   - threads: How many threads the worker may compute with.
  /// - Throws: ``JobError/wrongConfiguration(_:)`` with a sentence for every fault at once.
  func plan(config: String, threads: Int) throws(JobError) -> JobPlan

  /// The command that begins the job in a new run directory, or goes on with what an earlier attempt left there.
  ///
  /// It may write files into the job's folder.
  func command(for job: Job, in folder: JobFolder, threads: Int) throws(JobError) -> WorkerCommand
}

/// What a recipe says of a configuration that it takes.
package struct JobPlan: Sendable, Hashable {
  /// Epochs in all, where the kind has such.
  package let epochs: Int?

  package init(epochs: Int?) { self.epochs = epochs }
}

/// How a worker is started.
package struct WorkerCommand: Sendable, Hashable {
  /// After the program's name.
  package let arguments: [String]
  /// The file that takes standard output where that is the job's result; otherwise it goes where errors go.
  package let standardOutput: String?

  package init(arguments: [String], standardOutput: String? = nil) {
    self.arguments = arguments
    self.standardOutput = standardOutput
  }
}
