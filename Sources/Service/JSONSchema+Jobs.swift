import Jobs

extension JSONSchema {
  /// The schemas of jobs and data sets, by name.
  static let jobComponents: [(name: String, schema: JSONSchema)] = [
    ("JobOrder", jobOrder), ("Job", job), ("JobList", page(of: "Job")), ("Event", event), ("EventList", page(of: "Event")),
    ("Metrics", .object([.always("data", .array(anything))])), ("RunFile", runFile), ("RunFileList", page(of: "RunFile")),
    ("Promotion", promotion), ("Dataset", dataset), ("DatasetList", page(of: "Dataset")),
    ("DatasetPath", .closed([.always("path", .text)])),
  ]

  /// An object whose members are not known before.
  private static let anything = JSONSchema.dictionary(
    .oneOf([.text, .anyNumber, .truth, .null, .array(.anyNumber), .dictionary(.oneOf([.text, .anyNumber, .truth, .null]))]))
  private static let moment = JSONSchema.text
  private static let priority = JSONSchema.integer(JobOrderBody.priorities)

  private static let jobOrder = JSONSchema.closed([
    .always("kind", .words(["pretrain", "evaluate", "mine"])), .sometimes("name", JSONSchema.text.orNull), .always("dataset", .text),
    .sometimes("config", anything), .sometimes("priority", priority),
  ])

  private static let job = JSONSchema.object([
    .always("id", .text), .always("kind", .text), .always("name", JSONSchema.text.orNull),
    .always("state", .words(JobState.allCases.map(\.rawValue))),
    .always("requested", JSONSchema.words(JobOrder.allCases.map(\.rawValue)).orNull), .always("priority", priority),
    .always("dataset", .text), .always("config", anything), .always("attempt", .wholeNumber), .always("created_at", moment),
    .always("started_at", moment.orNull), .always("ended_at", moment.orNull), .always("progress", progress),
    .always("metrics", anything.orNull), .always("error", fault.orNull),
  ])

  private static let progress = JSONSchema.object([
    .always("step", .wholeNumber), .always("steps", JSONSchema.wholeNumber.orNull), .always("epoch", .anyNumber),
    .always("epochs", JSONSchema.wholeNumber.orNull), .always("images_per_second", JSONSchema.anyNumber.orNull),
    .always("eta_seconds", JSONSchema.anyNumber.orNull),
  ])

  private static let fault = JSONSchema.object([
    .always("code", .words(JobFault.Code.allCases.map(\.rawValue))), .always("reason", .text),
  ])

  private static let event = JSONSchema.object([
    .always("id", .wholeNumber), .always("event", .words(JobEvent.Kind.allCases.map(\.rawValue))), .always("at", moment),
    .always("data", anything),
  ])

  private static let runFile = JSONSchema.object([
    .always("path", .text), .always("bytes", .integer(nil)), .always("modified_at", moment),
  ])

  private static let promotion = JSONSchema.closed([.always("model", .text), .sometimes("checkpoint", .text)])

  private static let dataset = JSONSchema.object([
    .always("name", .text), .always("origin", .words(["upload", "path"])), .always("path", JSONSchema.text.orNull),
    .always("images", .wholeNumber), .always("classes", .wholeNumber), .always("passed_over", .wholeNumber),
    .always("duplicates", .wholeNumber), .always("bytes", JSONSchema.integer(nil).orNull), .always("created_at", moment),
  ])
}
