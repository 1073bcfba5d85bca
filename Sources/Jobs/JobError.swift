import Glibc

/// Why an order about jobs or data sets is not obeyed.
package enum JobError: Error, Sendable, Hashable, CustomStringConvertible {
  case unknownJob(String)
  case unknownKind(String, known: [String])
  case unknownDataset(String)
  /// One sentence for each field that is wrong.
  case wrongConfiguration([String])
  /// The job's state does not allow it.
  case illegal(String)
  /// Something unfinished still needs it.
  case inUse(String)
  /// The idempotency key stands for another request.
  case keyReused(String)
  /// Another server works on the home folder.
  case homeInUse(String)
  /// There is no room on the disk, or in what the home may take; a sentence without paths.
  case noRoom(String)
  /// The home folder, its lock or its database cannot be used.
  case home(String)

  package var description: String {
    switch self {
    case .unknownJob(let id): "There is no job \(id)."
    case .unknownKind(let kind, let known): "There is no kind of job \"\(kind)\"; there are \(known.joined(separator: ", "))."
    case .unknownDataset(let name): "There is no data set \"\(name)\"; upload one with PUT /datasets/\(name)."
    case .wrongConfiguration(let faults):
      faults.count == 1
        ? "The configuration has a fault: \(faults[0])."
        : "The configuration has \(faults.count) faults: \(faults.joined(separator: "; "))."
    case .keyReused(let key): "The Idempotency-Key \"\(key)\" was used for another request; choose a new one for a new job."
    case .illegal(let sentence), .inUse(let sentence), .homeInUse(let sentence), .noRoom(let sentence), .home(let sentence): sentence
    }
  }

  /// What the system refused.
  static func home(_ path: String, cannot action: String, number: Int32) -> JobError {
    Disk.isFull(number) ? .noRoom(Disk.fullSentence) : .home("\(path): cannot \(action): \(String(cString: strerror(number))).")
  }
}
