import Dispatch
import Foundation
import Synchronization

/// A process with captured output that lives for a bounded time, even if the tests are killed: `timeout` watches over it.
final class ChildProcess: @unchecked Sendable {  // changed only in init; the process and the semaphore may be used from any thread
  let output = CapturedStream()
  let errors = CapturedStream()
  private let process = Process()
  private let ended = DispatchSemaphore(value: 0)
  private let isAskedToStop = Mutex(false)

  private static let limitSeconds = 60
  private static let signalBase: Int32 = 128

  /// Starts a command; no option of `hpm` (`HPM_PORT`) and no proxy is left in its environment.
  ///
  /// - Parameters:
  ///   - command: A program's path, or its name on PATH, where the built `hpm` comes first; then its arguments.
  ///   - input: What the process reads from standard input; at most what a pipe holds.
  ///   - folder: Its working directory.
  init(_ command: [String], input: [UInt8] = [], in folder: URL? = nil) throws {
    let standardInput = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // The threads of Dispatch block every signal, and a child starts with what its parent blocked.
    process.arguments = ["--default-signal=TERM,INT", "timeout", "--foreground", "--signal=KILL", "\(Self.limitSeconds)"] + command
    process.environment = Self.environment
    process.currentDirectoryURL = folder
    process.standardInput = standardInput
    process.standardOutput = output.pipe
    process.standardError = errors.pipe
    let ended = ended
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    output.read()
    errors.read()
    // A process that reads nothing may have closed its end already.
    if !input.isEmpty { try? standardInput.fileHandleForWriting.write(contentsOf: Data(input)) }
    try standardInput.fileHandleForWriting.close()
  }

  /// Asks the process to stop (SIGTERM, which `timeout` passes on); once, since a second signal would stop it at once.
  func terminate() {
    let isFirst = isAskedToStop.withLock { asked in
      defer { asked = true }
      return !asked
    }
    if isFirst { process.terminate() }
  }

  /// Sends a signal, which `timeout` passes on.
  func send(signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for the end.
  func outcome() -> Outcome {
    ended.wait()
    let status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? Self.signalBase : 0)
    return Outcome(status: status, output: output.all(), errors: String(decoding: errors.all(), as: UTF8.self))
  }

  private static let environment: [String: String] = {
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HPM_") && !$0.key.lowercased().hasSuffix("_proxy") }
    // The home folder of one service is no other's, nor that of whoever runs the tests.
    environment["XDG_STATE_HOME"] = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-tests-\(getpid())").path
    environment["PATH"] = "\(Program.folder.path):\(environment["PATH"] ?? "/usr/bin:/bin")"
    return environment
  }()
}

/// What a child writes to one of its streams, read on a thread of its own, so that the child never waits for a reader.
final class CapturedStream: @unchecked Sendable {  // `bytes` and `isComplete` are touched only under `condition`
  let pipe = Pipe()
  private let condition = NSCondition()
  private var bytes: [UInt8] = []
  private var isComplete = false

  /// Starts to read, once the child has the other end.
  func read() {
    let handle = pipe.fileHandleForReading
    DispatchQueue(label: "hpm.tests.captured").async { [self] in
      while true {
        let data = handle.availableData
        condition.withLock {
          bytes += data
          isComplete = data.isEmpty
          condition.broadcast()
        }
        if data.isEmpty { return }
      }
    }
  }

  /// Everything, once the child has closed its end.
  func all() -> [UInt8] {
    condition.withLock {
      while !isComplete { condition.wait() }
      return bytes
    }
  }

  /// The first whole line that has one of `words` in it, or `nil` where the child closes its end without one.
  func line(with words: [String]) -> String? {
    condition.withLock {
      while true {
        let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { bytes[..<$0] } ?? []
        let lines = String(decoding: whole, as: UTF8.self).split(separator: "\n")
        if let line = lines.first(where: { line in words.contains { line.contains($0) } }) { return String(line) }
        if isComplete { return nil }
        condition.wait()
      }
    }
  }
}
