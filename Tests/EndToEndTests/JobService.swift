import Foundation
import Images
import TestSupport

/// `hpm serve` with jobs on a home folder of a test's own, which outlives every server that is started on it.
final class JobService: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-jobs-\(UUID().uuidString)", isDirectory: true)
    let images = folder.appendingPathComponent("images", isDirectory: true)
    try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
    for index in 0..<24 {
      let pixels = (0..<60 * 60 * 3).map { UInt8(truncatingIfNeeded: $0 &* (index + 3) &+ $0 / 97) }
      let picture = PNGEncoder.encode(RGBImage(width: 60, height: 60, pixels: pixels))
      try Data(picture).write(to: images.appendingPathComponent("\(index).png"))
    }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

  /// The options of a server on the home.
  var options: [String] { ["--home", path("home"), "--data-root", folder.path] }

  /// The body of a job on the data set `photos`.
  static func job(epochs: Int) -> [UInt8] {
    let config = """
      {"preset": "test", "optimizer": {"batch_size": 8}, "evaluation": {"held_back_images": 8, "every_epochs": 0},
       "schedule": {"epochs": \(epochs), "warmup_epochs": 0}, "run": {"state_every_steps": 1}}
      """
    return Array(#"{"kind": "pretrain", "dataset": "photos", "config": \#(config)}"#.utf8)
  }

  /// The file of the weights after so many epochs.
  static func checkpoint(epochs: Int) -> String {
    let digits = String(epochs)
    return "epoch-\(String(repeating: "0", count: 4 - digits.count))\(digits).pth"
  }

  /// How many epochs of such a job take about so many seconds here, told from a short run: 20 to 300.
  func epochs(inSeconds seconds: Double) async throws -> Int {
    let trial = 10
    let settings = [
      "optimizer.batch_size=8", "evaluation.held_back_images=8", "evaluation.every_epochs=0", "schedule.epochs=\(trial)",
      "schedule.warmup_epochs=0", "run.state_every_steps=1", "run.threads=1",
    ]
    let start = ContinuousClock.now
    let outcome = try await Program.run(
      ["pretrain", "--data", path("images"), "--out", path("trial"), "--preset", "test"] + settings.flatMap { ["--set", $0] })
    guard outcome.status == 0 else { throw LoopbackClient.Failure("the trial run failed: \(outcome.errors)") }
    let taken = (ContinuousClock.now - start) / .seconds(1)
    return min(300, max(20, Int(Double(trial) * seconds / taken)))
  }

  /// Kills the process that a lock of the home names.
  func kill(lock name: String) throws {
    let text = try String(decoding: bytes(name), as: UTF8.self)
    guard let digits = text.firstMatch(of: /\d+/), let pid = Int32(digits.0) else {
      throw LoopbackClient.Failure("\(name) names no process")
    }
    Foundation.kill(pid, SIGKILL)
  }
}

/// What the tests read of a job.
struct JobAnswer: Decodable {
  let id: String
  let state: String
  let attempt: Int
  let progress: Progress

  struct Progress: Decodable {
    let step: Int
    let steps: Int?
  }
}

extension ServedProgram {
  /// Asks with a body of JSON.
  func json(_ method: String, _ target: String, _ body: [UInt8]) async throws -> LoopbackClient.Message {
    try await ask(method, target, type: "application/json", body: body)
  }

  /// The events of a job from where a client left off, until `count` have come or the stream ends; their ids and data.
  func events(of job: String, after last: Int, count: Int) async throws -> [(id: Int, text: String)] {
    let port = port
    return try await withBlockingThread {
      let client = try LoopbackClient(port: port, timeout: 60)
      try client.send(
        "GET /jobs/\(job)/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nLast-Event-ID: \(last)\r\n\r\n")
      var text = ""
      while true {
        let more = try client.read()
        text += String(decoding: more, as: UTF8.self)
        let events = text.matches(of: /id: (\d+)\nevent: (\w+)\ndata: ([^\n]*)\n/).map { (Int($0.1) ?? 0, "\($0.2) \($0.3)") }
        if events.count >= count || more.isEmpty || text.hasSuffix("0\r\n\r\n") { return events }
      }
    }
  }
}
