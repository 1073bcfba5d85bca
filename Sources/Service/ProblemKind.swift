/// Every kind of error the service answers; the raw value names its page, `/problems/{code}`.
package enum ProblemKind: String, Sendable, Hashable, CaseIterable {
  case malformedRequest = "malformed-request"
  case unknownParameter = "unknown-parameter"
  case repeatedParameter = "repeated-parameter"
  case invalidParameter = "invalid-parameter"
  case parameterWithoutEffect = "parameter-without-effect"
  case conflictingParameters = "conflicting-parameters"
  case missingParameter = "missing-parameter"
  case malformedBody = "malformed-body"
  case unexpectedPart = "unexpected-part"
  case keyNeeded = "key-needed"
  case unknownKey = "unknown-key"
  case rightNeeded = "right-needed"
  case localWritesOnly = "local-writes-only"
  case keyRateExceeded = "key-rate-exceeded"
  case notFound = "not-found"
  case unknownModel = "unknown-model"
  case unknownImage = "unknown-image"
  case methodNotAllowed = "method-not-allowed"
  case notAcceptable = "not-acceptable"
  case requestTimeout = "request-timeout"
  case lengthRequired = "length-required"
  case tooLarge = "too-large"
  case targetTooLong = "target-too-long"
  case unsupportedMedia = "unsupported-media"
  case rangeNotSatisfiable = "range-not-satisfiable"
  case expectationFailed = "expectation-failed"
  case undecodableImage = "undecodable-image"
  case unsuitableArray = "unsuitable-array"
  case tooManyPatches = "too-many-patches"
  case oneGridNeeded = "one-grid-needed"
  case impossibleMask = "impossible-mask"
  case imageNeeded = "image-needed"
  case incapableModel = "incapable-model"
  case unfitModel = "unfit-model"
  case modelInUse = "model-in-use"
  case modelExists = "model-exists"
  case modelsReadOnly = "models-read-only"
  case unknownJob = "unknown-job"
  case unknownDataset = "unknown-dataset"
  case impossibleJob = "impossible-job"
  case unusableDataset = "unusable-dataset"
  case forbiddenPath = "forbidden-path"
  case conflict
  case keyReused = "key-reused"
  case storage
  case insufficientStorage = "insufficient-storage"
  case queueFull = "queue-full"
  case headersTooLarge = "headers-too-large"
  case internalFault = "internal-fault"
  case notImplemented = "not-implemented"
  case loading = "loading"
  case draining = "draining"
  case noModel = "no-model"
  case deadline = "deadline"
  case abandoned = "abandoned"
  case versionNotSupported = "version-not-supported"
}

extension ProblemKind {
  /// The status code of the answer.
  package var status: Int { entry.status }

  /// The kind in a few words, the same every time (RFC 9457 §3.1.3).
  package var title: String { entry.title }

  /// What to do about it, for the kind's page.
  package var advice: String { entry.advice }

  /// The kind for an error that the HTTP layer found by itself.
  package init(status: Int) {
    self =
      switch status {
      case 404: .notFound
      case 405: .methodNotAllowed
      case 406: .notAcceptable
      case 408: .requestTimeout
      case 411: .lengthRequired
      case 413: .tooLarge
      case 414: .targetTooLong
      case 415: .unsupportedMedia
      case 416: .rangeNotSatisfiable
      case 417: .expectationFailed
      case 431: .headersTooLarge
      case 501: .notImplemented
      case 503: .draining
      case 504: .deadline
      case 505: .versionNotSupported
      case 507: .insufficientStorage
      case 500...599: .internalFault
      default: .malformedRequest
      }
  }

  private typealias Entry = (status: Int, title: String, advice: String)

  private var entry: Entry {
    switch self {
    case .unknownParameter, .repeatedParameter, .invalidParameter, .parameterWithoutEffect, .conflictingParameters, .missingParameter:
      parameterEntry
    case .undecodableImage, .unsuitableArray, .tooManyPatches, .oneGridNeeded, .impossibleMask, .imageNeeded, .incapableModel,
      .malformedBody, .unexpectedPart, .unknownModel, .unknownImage, .unsupportedMedia, .tooLarge:
      contentEntry
    case .unfitModel, .modelInUse, .modelExists, .modelsReadOnly: modelEntry
    case .unknownJob, .unknownDataset, .impossibleJob, .unusableDataset, .forbiddenPath, .conflict, .keyReused, .storage,
      .insufficientStorage:
      jobEntry
    case .queueFull, .loading, .draining, .noModel, .deadline, .abandoned, .internalFault: stateEntry
    case .keyNeeded, .unknownKey, .rightNeeded, .localWritesOnly, .keyRateExceeded: accessEntry
    default: protocolEntry
    }
  }

  private var parameterEntry: Entry {
    switch self {
    case .unknownParameter:
      (
        400, "Unknown query parameter",
        "Check the spelling of the named parameter; `allowed` lists what this route knows. Nothing was computed."
      )
    case .repeatedParameter:
      (400, "Repeated query parameter", "Give the named parameter once; the service does not choose between two values.")
    case .parameterWithoutEffect:
      (
        400, "Query parameter without effect",
        "The named parameter would change nothing in this answer. Leave it out, or add what `detail` says it needs."
      )
    case .conflictingParameters: (400, "Query parameters that exclude each other", "Keep one of the parameters that `detail` names.")
    case .missingParameter: (400, "Missing query parameter", "Add the named parameter; `allowed` says what it may be.")
    default: (400, "Invalid query parameter", "Give the named parameter a value that `allowed` describes.")
    }
  }

  private var contentEntry: Entry {
    switch self {
    case .malformedBody:
      (400, "Malformed request body", "The body ends early or breaks its own format where `detail` says; send it again, whole.")
    case .unexpectedPart: (400, "Unexpected part of a multipart body", "Name every part `image`; other settings go into the query.")
    case .unknownModel: (404, "Unknown model", "`GET /models` lists the models; give `name`, or `name@version`.")
    case .unknownImage:
      (
        404, "Image not kept",
        "Uploads are kept for a while only, by one process. Send the image itself to `POST /mask`: the answer is the same."
      )
    case .tooLarge:
      (413, "Request too large", "Send less at a time, or start the server with a higher limit: `detail` names the limit and its flag.")
    case .unsupportedMedia:
      (
        415, "Unsupported kind of body",
        "Send a PNG, JPEG or WebP image, a NumPy `.npy` array, or `multipart/form-data` with parts named `image`."
      )
    case .undecodableImage:
      (
        422, "Image that does not decode",
        "The kind of the file is known, but its content is damaged or over the pixel limit; `detail` says where."
      )
    case .unsuitableArray:
      (
        422, "Array that is not a batch of images",
        "Send float32 (n, 3, h, w), normalised, or uint8 (n, h, w, 3); sides divisible by the model's patch."
      )
    case .tooManyPatches:
      (
        422, "Image of too many patches",
        "What a model computes grows with the square of an image's patches. Ask for a smaller `max_side`, or send a smaller array."
      )
    case .oneGridNeeded:
      (
        422, "More than one grid or image for one output",
        "`npy` needs one grid for all images, `png` one image; ask for `json`, or use `fit=crop`."
      )
    case .impossibleMask: (422, "Impossible mask", "The strategy cannot give this mask on this grid; `detail` says what it needs.")
    case .imageNeeded:
      (
        422, "Mask that needs an image",
        "Send the image to `POST /mask`, or give `image=` of an earlier upload; `random`, `block`, `uniform`, `square` and `simmim` need none."
      )
    default: (422, "Model that cannot do this", "Choose a model that has the named part: `GET /models` says what each has.")
    }
  }

  private var accessEntry: Entry {
    switch self {
    case .keyNeeded: (401, "Key needed", "Send the key that you were given: `Authorization: Bearer KEY`.")
    case .unknownKey:
      (
        401, "Unknown key",
        "The key is misspelt, has expired or was revoked. Ask who runs this server for another; `hpm keys add` makes one."
      )
    case .rightNeeded:
      (403, "Key without this right", "The key is valid, but not for this route. Use a key that has the right which `detail` names.")
    case .localWritesOnly:
      (
        403, "Changes only from this machine",
        "This server has no keys, so it lets only clients on its own machine change anything. Make a key with `hpm keys add`."
      )
    default: (429, "Key used too often", "The requests a minute of this key are used up. Ask again after `Retry-After` seconds.")
    }
  }

  private var modelEntry: Entry {
    switch self {
    case .modelInUse:
      (409, "Model in use", "Unload the model with `POST /models/{name}/unload`, or make another the default.")
    case .modelsReadOnly:
      (
        409, "Models that cannot be changed",
        "The folder of the models, or this one's file, is not the service's to change. Start it with `--models` naming a folder it may write."
      )
    case .modelExists: (412, "Model exists", "Leave out `If-None-Match: *` to add a version to the model of that name.")
    default:
      (
        422, "Checkpoint that does not fit",
        "The file is no checkpoint that this server can run; `detail` says why. `hpm inspect FILE` shows what is in it."
      )
    }
  }

  private var jobEntry: Entry {
    switch self {
    case .unknownJob: (404, "Unknown job", "`GET /jobs` lists the jobs; one that was deleted is gone.")
    case .unknownDataset: (404, "Unknown data set", "`GET /datasets` lists the data sets; `PUT /datasets/{name}` makes one.")
    case .impossibleJob:
      (422, "Impossible job", "Correct every member that `detail` names. `hpm pretrain --help-config` lists what a training run takes.")
    case .unusableDataset:
      (
        422, "Unusable data set",
        "Send a tar, tar.gz or zip archive of images with relative paths and without links; `detail` says what is in the way."
      )
    case .forbiddenPath: (403, "Path not allowed", "Choose a path in a folder that the server was started with (`--data-root`).")
    case .conflict: (409, "Not in this state", "`detail` says what is in the way. Look at the job's `state`, then ask again.")
    case .keyReused: (422, "Idempotency key of another request", "A key stands for one request for a day. Take a new key for a new job.")
    case .insufficientStorage:
      (
        507, "No room",
        "Delete data sets, models or jobs that have ended, make room on the disk of `--home`, or raise `--max-home-bytes`; then ask again."
      )
    default: (503, "Disk that fails", "The disk of the server's home folder refuses to read or write; the server's log says why.")
    }
  }

  private var stateEntry: Entry {
    switch self {
    case .abandoned: (499, "Client gone", "The client closed its connection; what it asked was dropped. Nobody sees this answer.")
    case .queueFull: (429, "Queue full", "More images wait than the server admits. Ask again after `Retry-After` seconds.")
    case .loading:
      (503, "Model loading", "The model is being read and warmed. Ask again after `Retry-After` seconds; `GET /health/ready` says when.")
    case .draining: (503, "Shutting down", "This server is leaving. Ask again: another replica, or its successor, answers.")
    case .noModel:
      (503, "No model", "No model is being served. Start the server with `--model` or `--models`; `GET /models` gives the reasons.")
    case .deadline:
      (
        504, "Deadline passed",
        "The answer was not ready in time. Send less at a time, or allow more with `Request-Timeout` and `--request-timeout`."
      )
    default:
      (
        500, "Fault of the server",
        "This is a fault of ours. The server's log has it under the answer's `X-Request-Id`; please report both."
      )
    }
  }

  private var protocolEntry: Entry {
    switch self {
    case .notFound: (404, "Nothing here", "`GET /` lists what this server answers.")
    case .methodNotAllowed: (405, "Method not allowed", "Use a method that the `Allow` field names.")
    case .notAcceptable:
      (406, "No acceptable format", "`allowed` lists the media types of this route: put one into `Accept`, or its name into `format=`.")
    case .requestTimeout: (408, "Request took too long to arrive", "Send the request faster, or in smaller pieces.")
    case .lengthRequired: (411, "Length required", "Send `Content-Length`, or `Transfer-Encoding: chunked`.")
    case .targetTooLong: (414, "Request target too long", "Shorten the path and the query.")
    case .rangeNotSatisfiable: (416, "Range not satisfiable", "Ask for a range inside the file, or leave `Range` out.")
    case .expectationFailed: (417, "Unknown expectation", "Only `Expect: 100-continue` is understood.")
    case .headersTooLarge: (431, "Header fields too large", "Send fewer or shorter header fields.")
    case .notImplemented: (501, "Not implemented", "The server does not know this method or transfer coding.")
    case .versionNotSupported: (505, "HTTP version not supported", "Use HTTP/1.1.")
    default: (400, "Malformed request", "The request breaks HTTP where `detail` says; check the client or the proxy before it.")
    }
  }
}
