import HTTPTypes
import Jobs

extension Operation {
  /// The routes of jobs and data sets.
  static let jobs: [Operation] = orders + runs + datasets

  private static let orders: [Operation] = [
    Operation(
      method: .post, template: "/jobs",
      summary: "Queues a job that pre-trains, evaluates a model, or mines a data set with one; it is on disk when this is answered.",
      parameters: [
        Parameter(
          name: "Idempotency-Key", place: .header, meaning: "What the client calls the request: repeating it makes no second job.",
          schema: .text)
      ],
      body: [.json(.named("JobOrder"), example: #"{"kind":"pretrain","dataset":"photos","config":{"preset":"vit_tiny"}}"#)],
      successes: [
        Success(
          status: 202, meaning: "The job is queued.", contents: [.json(.named("Job"), example: job)],
          fields: [Field(name: "Location", meaning: "The job.")])
      ],
      problems: [
        .malformedBody, .unsupportedMedia, .tooLarge, .impossibleJob, .unknownDataset, .keyReused, .storage, .insufficientStorage,
      ]),
    Operation(
      method: .get, template: "/jobs", summary: "Jobs, newest first.",
      parameters: [
        Parameter(name: "state", place: .query, meaning: "Only jobs in this state.", schema: .words(JobState.allCases.map(\.rawValue))),
        Parameter(name: "kind", place: .query, meaning: "Only jobs of this kind.", schema: .text),
      ] + page, successes: [said("The page.", .named("JobList"), #"{"data":[\#(job)],"next":null}"#)],
      problems: [.invalidParameter, .unknownJob, .storage], hasValidator: true),
    Operation(
      method: .get, template: "/jobs/{id}", summary: "A job: its state, how far it is, and why it failed.",
      successes: [said("The job.", .named("Job"), job)], problems: [.unknownJob, .storage], hasValidator: true),
    Operation(
      method: .delete, template: "/jobs/{id}", summary: "Deletes a job that has ended, and its files.",
      successes: [Success(status: 204, meaning: "It is gone.", contents: [])],
      problems: [.unknownJob, .conflict, .storage, .insufficientStorage]),
    order("cancel", "Ends a job; a running one after a checkpoint."), order("pause", "Stops a job after a checkpoint."),
    order("resume", "Lets a paused job go on from its checkpoint, or tries a failed one again."),
  ]

  private static func order(_ word: String, _ summary: String) -> Operation {
    Operation(
      method: .post, template: "/jobs/{id}/\(word)", summary: summary, successes: [said("The job.", .named("Job"), job)],
      problems: [.unknownJob, .conflict, .storage, .insufficientStorage])
  }

  private static let runs: [Operation] = [
    Operation(
      method: .get, template: "/jobs/{id}/events", summary: "What happened to a job: a stream that goes on, or a page in JSON.",
      parameters: [
        Parameter(name: "after", place: .query, meaning: "A page of the events after this one.", schema: .integer(nil)),
        Parameter(name: "Last-Event-ID", place: .header, meaning: "The stream begins after this event.", schema: .text),
      ],
      successes: [
        Success(
          status: 200, meaning: "The events.",
          contents: [
            Content(JobEventsRoute.streamType),
            .json(
              .named("EventList"),
              example: #"{"data":[{"id":1,"event":"state","at":"2026-01-31T12:00:00Z","data":{"attempt":0,"state":"queued"}}],"next":null}"#
            ),
          ]), Success(status: 204, meaning: "The job is over and the client knows everything.", contents: []),
      ], problems: [.invalidParameter, .notAcceptable, .unknownJob, .storage]),
    Operation(
      method: .get, template: "/jobs/{id}/metrics", summary: "The numbers of a run, step by step.",
      parameters: [Parameter(name: "after_step", place: .query, meaning: "Only later steps.", schema: .integer(nil))],
      successes: [
        Success(
          status: 200, meaning: "The lines.",
          contents: [
            .json(.named("Metrics"), example: #"{"data":[{"step":1,"epoch":0.1,"phase":"train","reconstruction_loss":0.9}]}"#),
            Content("text/csv"),
          ])
      ], problems: [.invalidParameter, .notAcceptable, .unknownJob, .storage], hasValidator: true),
    Operation(
      method: .get, template: "/jobs/{id}/log", summary: "The last lines that the job's worker printed.",
      parameters: [Parameter(name: "tail", place: .query, meaning: "How many.", schema: .integer(1...JobRunRoute.greatestTail))],
      successes: [Success(status: 200, meaning: "The lines.", contents: [Content("text/plain")])],
      problems: [.invalidParameter, .unknownJob, .storage], hasValidator: true),
    Operation(
      method: .get, template: "/jobs/{id}/files", summary: "The files of a run: checkpoints, contact sheets, logs, results.",
      successes: [
        said(
          "The files.", .named("RunFileList"),
          #"{"data":[{"path":"checkpoints/epoch-0001.pth","bytes":448000000,"modified_at":"2026-01-31T12:00:00Z"}],"next":null}"#)
      ], problems: [.unknownJob, .storage], hasValidator: true),
    Operation(
      method: .get, template: "/jobs/{id}/files/{path...}", summary: "A file of a run, or a `Range` of it.",
      successes: [
        Success(status: 200, meaning: "The file.", contents: [Content("application/octet-stream")]),
        Success(status: 206, meaning: "A range of it.", contents: [Content("application/octet-stream")]),
      ], problems: [.unknownJob, .notFound, .rangeNotSatisfiable, .storage], hasValidator: true),
    Operation(
      method: .post, template: "/jobs/{id}/promote", summary: "Makes a checkpoint of a job a new version of a model, and loads it.",
      body: [.json(.named("Promotion"), example: #"{"model":"mine","checkpoint":"epoch-0100.pth"}"#)],
      successes: [
        Success(
          status: 201, meaning: "The model.", contents: [.json(.named("Model"), example: promoted)],
          fields: [Field(name: "Location", meaning: "The model.")])
      ],
      problems: [
        .malformedBody, .unsupportedMedia, .tooLarge, .unknownJob, .notFound, .unfitModel, .modelsReadOnly, .storage, .insufficientStorage,
        .deadline,
      ]),
  ]

  private static let datasets: [Operation] = [
    Operation(
      method: .put, template: "/datasets/{name}", summary: "Makes a data set of an archive, or of a path that the operator allowed.",
      body: [
        Content("application/x-tar"), Content("application/gzip"), Content("application/zip"),
        .json(.named("DatasetPath"), example: #"{"path":"/data/photos"}"#),
      ],
      successes: [
        Success(
          status: 201, meaning: "The data set.", contents: [.json(.named("Dataset"), example: dataset)],
          fields: [Field(name: "Location", meaning: "The data set.")])
      ],
      problems: [
        .invalidParameter, .malformedBody, .unsupportedMedia, .tooLarge, .unusableDataset, .forbiddenPath, .conflict, .storage,
        .insufficientStorage,
      ]),
    Operation(
      method: .get, template: "/datasets", summary: "Data sets, by name.", parameters: page,
      successes: [said("The page.", .named("DatasetList"), #"{"data":[\#(dataset)],"next":null}"#)],
      problems: [.invalidParameter, .storage], hasValidator: true),
    Operation(
      method: .get, template: "/datasets/{name}", summary: "A data set.",
      successes: [said("The data set.", .named("Dataset"), dataset)], problems: [.unknownDataset, .storage], hasValidator: true),
    Operation(
      method: .get, template: "/datasets/{name}/thumbnails", summary: "A picture of up to 16 images, spread evenly over a data set.",
      successes: [Success(status: 200, meaning: "The picture.", contents: [Content("image/png")])],
      problems: [.unknownDataset, .notFound, .storage], hasValidator: true),
    Operation(
      method: .delete, template: "/datasets/{name}", summary: "Forgets a data set; files given by path stay.",
      successes: [Success(status: 204, meaning: "It is gone.", contents: [])],
      problems: [.unknownDataset, .conflict, .storage, .insufficientStorage]),
  ]

  private static let page = [
    Parameter(name: "limit", place: .query, meaning: "Entries a page.", schema: .integer(1...PageQuery.greatestLimit)),
    Parameter(name: "after", place: .query, meaning: "The `next` of the page before.", schema: .text),
  ]

  private static let job = """
    {"id":"job-00000000000000ab","kind":"pretrain","name":null,"state":"queued","requested":null,"priority":0,"dataset":"photos",\
    "config":{"preset":"vit_tiny"},"attempt":0,"created_at":"2026-01-31T12:00:00Z","started_at":null,"ended_at":null,\
    "progress":{"step":0,"steps":null,"epoch":0.0,"epochs":100,"images_per_second":null,"eta_seconds":null},"metrics":null,"error":null}
    """

  private static let dataset = """
    {"name":"photos","origin":"upload","path":null,"images":2000,"classes":0,"passed_over":1,"duplicates":3,\
    "bytes":300000000,"created_at":"2026-01-31T12:00:00Z"}
    """

  private static let promoted =
    #"{"name":"mine","version":1,"versions":[1],"default":false,"state":"ready","reason":null,"precision":"fp32"}"#
}
