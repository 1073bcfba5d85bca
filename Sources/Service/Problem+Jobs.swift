import Jobs
import Logging

extension Problem {
  /// What a client sees of an order that is not obeyed; what the disk refuses is told to the log alone.
  init(_ error: JobError, _ logger: Logger) {
    switch error {
    case .unknownJob: self.init(.unknownJob, error.description)
    case .unknownDataset: self.init(.unknownDataset, error.description, parameter: "dataset")
    case .unknownKind(_, let known): self.init(.impossibleJob, error.description, parameter: "kind", allowed: known)
    case .wrongConfiguration: self.init(.impossibleJob, error.description, parameter: "config")
    case .illegal, .inUse: self.init(.conflict, error.description)
    case .keyReused: self.init(.keyReused, error.description, parameter: "Idempotency-Key")
    case .noRoom: self.init(.insufficientStorage, error.description, retryAfter: Self.storageRetry)
    case .home, .homeInUse:
      logger.error("home folder", metadata: ["reason": "\(error)"])
      self.init(.storage, "The server's home folder cannot be used now; the server's log says why.", retryAfter: Self.storageRetry)
    }
  }

  init(_ error: DatasetError, _ logger: Logger) {
    switch error {
    case .unknownFormat: self.init(.unsupportedMedia, error.description, allowed: ["tar", "tar.gz", "zip"])
    case .damaged, .hostile, .unusable: self.init(.unusableDataset, error.description)
    case .tooLarge: self.init(.tooLarge, error.description)
    case .forbidden: self.init(.forbiddenPath, error.description, parameter: "path")
    case .noRoom: self.init(.insufficientStorage, error.description, retryAfter: Self.storageRetry)
    case .disk:
      logger.error("data set", metadata: ["reason": "\(error)"])
      self.init(.storage, "The server's disk refuses the data set; the server's log says why.", retryAfter: Self.storageRetry)
    }
  }

  init(_ refusal: DatasetRefusal, _ logger: Logger) {
    switch refusal {
    case .content(let error): self.init(error, logger)
    case .state(let error): self.init(error, logger)
    }
  }

  /// Seconds in which someone may have made room.
  private static let storageRetry = 60
}
