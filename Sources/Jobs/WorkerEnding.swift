import Foundation
import Glibc

/// How an attempt ended: told from how the process ended, what the run directory says, and what it was asked.
enum WorkerEnding: Sendable, Hashable, CustomStringConvertible {
  case succeeded
  /// It can go on from where it was.
  case stopped(JobFault)
  case failed(JobFault)

  /// What `result.json` says: how the worker itself sees its end.
  private struct Report: Decodable {
    let outcome: String
    let reason: String?
    let cause: String?
  }

  /// What is known of an attempt that is over.
  struct Evidence {
    let exit: Worker.Exit
    let folder: JobFolder
    /// Whether this server, or the one before it, told the worker to stop.
    let wasAskedToStop: Bool
    /// How many processes the kernel killed for lack of memory since the attempt began.
    let outOfMemoryKills: Int

    var isDiskFull: Bool { Disk.isFull(at: folder.path) }
  }

  init(_ evidence: Evidence) {
    let report = SmallFile.bytes(evidence.folder.result).flatMap { try? JSONDecoder().decode(Report.self, from: Data($0)) }
    switch evidence.exit {
    case .code(0): self = .succeeded
    case .code(let code): self = Self.exited(code, report, evidence)
    case .signal(let signal): self = Self.killed(by: signal, evidence)
    case .unknown: self = Self.unseen(report)
    }
  }

  private static func exited(_ code: Int32, _ report: Report?, _ evidence: Evidence) -> WorkerEnding {
    if [128 + SIGTERM, 128 + SIGINT].contains(code) { return .stopped(JobFault(.stopped, "The worker was asked to stop.")) }
    if let report, report.outcome == "failed" { return ended(fault(report)) }
    let words = lastWords(evidence.folder)
    // Where there is no room for what the worker says of its end, there may be some for its last words, or none for these either.
    if evidence.isDiskFull || words?.contains(Disk.fullWords) == true { return ended(JobFault(.noRoom, words ?? Disk.fullSentence)) }
    return .failed(JobFault(.failed, words ?? "The worker ended with exit code \(code) and said nothing."))
  }

  private static func killed(by signal: Int32, _ evidence: Evidence) -> WorkerEnding {
    if evidence.wasAskedToStop, signal == SIGKILL || signal == SIGTERM {
      return .stopped(JobFault(.stopped, "The worker was asked to stop and ended before it had saved where it was."))
    }
    if signal == SIGKILL, evidence.outOfMemoryKills > 0 {
      return .stopped(JobFault(.outOfMemory, "The kernel killed the worker for lack of memory; lower the batch size or the image size."))
    }
    if signal == SIGKILL {
      return .stopped(JobFault(.killed, "Something killed the worker (SIGKILL); the kernel does so too where memory runs out."))
    }
    if signal == SIGTERM || signal == SIGINT { return .stopped(JobFault(.stopped, "Something asked the worker to stop.")) }
    let name = String(cString: strsignal(signal))
    return .stopped(JobFault(.crashed, "A fault of the program ended the worker: \(name) (signal \(signal))."))
  }

  /// The exit of a process that was not this server's child nobody saw; what it wrote last tells.
  private static func unseen(_ report: Report?) -> WorkerEnding {
    switch report?.outcome {
    case "finished": .succeeded
    case "failed": report.map { ended(fault($0)) } ?? .stopped(lost)
    default: .stopped(lost)
    }
  }

  private static func ended(_ fault: JobFault) -> WorkerEnding { fault.isWorthAnotherAttempt ? .stopped(fault) : .failed(fault) }

  private static let lost = JobFault(.lost, "The worker ended while no server watched it.")

  private static func fault(_ report: Report) -> JobFault {
    JobFault(report.cause.flatMap(JobFault.Code.init(rawValue:)) ?? .failed, report.reason ?? "The worker gave no reason.")
  }

  /// Of a worker's last line.
  private static let greatestCharacters = 2000

  /// The last line that the worker wrote.
  private static func lastWords(_ folder: JobFolder) -> String? {
    let lines = FileTail.lines(folder.output, count: 1)
    return lines.last.map { String($0.prefix(greatestCharacters)) }
  }

  /// The fault, where it was none of success.
  var fault: JobFault? {
    switch self {
    case .succeeded: nil
    case .stopped(let fault), .failed(let fault): fault
    }
  }

  var description: String { fault.map { "\($0.code.rawValue): \($0.reason)" } ?? "succeeded" }
}
