import Foundation
import TestSupport
import Testing

/// A home whose disk is full, in the middle of everything: what was acknowledged stays, the rest is refused, and it goes on with room.
@Suite(
  .timeLimit(.minutes(5)),
  .enabled("a disk in memory can only be mounted by root") { await SmallDisk.isAvailable() }
) struct FullDiskTests {
  private let service: JobService
  private let disk: SmallDisk

  init() async throws {
    service = try JobService()
    disk = try await SmallDisk(megabytes: 24)
  }

  private var options: [String] { ["--home", disk.path + "/home", "--data-root", service.folder.path] }

  /// The service's images, packed.
  private func archive() async throws -> [UInt8] {
    let packed = try await Outcome(of: ["tar", "-cf", service.path("photos.tar"), "-C", service.path("images"), "."])
    #expect(packed.status == 0, "\(packed.errors)")
    return try [UInt8](service.bytes("photos.tar"))
  }

  /// Sends a body whose length is not told before.
  private func chunked(_ target: String, _ body: [UInt8], to program: ServedProgram) async throws -> LoopbackClient.Message {
    let port = program.port
    return try await withBlockingThread {
      let client = try LoopbackClient(port: port, timeout: 60)
      try client.send("PUT \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nTransfer-Encoding: chunked\r\n\r\n")
      try client.send("\(String(body.count, radix: 16))\r\n")
      try client.send(body + Array("\r\n0\r\n\r\n".utf8))
      return try client.response()
    }
  }

  private func refuses(_ answer: LoopbackClient.Message) throws {
    #expect(answer.status == 507, "\(answer.text)")
    #expect(answer.text.contains("/problems/insufficient-storage") && answer.text.contains("full"), "\(answer.text)")
  }

  @Test func `an upload without room is 507, whether its length is known, and goes well once there is some`() async throws {
    let archive = try await archive()
    let model = try Samples.bytes(Fixtures.file("tiny/student.safetensors").path)
    try await ServedProgram.with(options) { program in
      try disk.fill(leaving: archive.count / 2)
      try refuses(try await program.ask("PUT", "/datasets/photos", body: archive))
      try refuses(try await chunked("/datasets/photos", archive, to: program))
      try disk.fill(leaving: model.count / 2)
      try refuses(try await program.ask("PUT", "/models/mine", body: model))
      try refuses(try await chunked("/models/mine", model, to: program))
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/home/uploads") == [])
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/home/datasets") == [])
      disk.empty()
      let answer = try await chunked("/datasets/photos", archive, to: program)
      #expect(answer.status == 201 && answer.text.contains(#""images":24"#), "\(answer.text)")
    }
  }

  @Test func `a database without room refuses jobs with 507 and keeps those it took`() async throws {
    let path = Array(#"{"path": "\#(service.path("images"))"}"#.utf8)
    try await ServedProgram.with(options + ["--max-jobs", "0"]) { program in
      #expect(try await program.json("PUT", "/datasets/photos", path).status == 201)
      var taken: [String] = []
      func submit() async throws -> LoopbackClient.Message {
        let answer = try await program.json("POST", "/jobs", JobService.job(epochs: 1))
        if answer.status == 202 { taken.append(try ServiceJSON.decode(JobAnswer.self, answer.body).id) }
        return answer
      }
      _ = try await submit()
      try disk.fill()
      var answer = try await submit()
      // What the database's log has already got of the disk it uses up first.
      for _ in 0..<500 where answer.status == 202 { answer = try await submit() }
      try refuses(answer)
      disk.empty()
      #expect(try await submit().status == 202)
      let list = try await program.ask("GET", "/jobs?limit=500")
      let jobs = try ServiceJSON.decode(JobList.self, list.body).data.map(\.id)
      #expect(jobs == taken.reversed(), "\(taken.count) jobs were taken")
    }
  }

  @Test func `a run whose checkpoint finds no room says so in its result, so that its job waits for some`() async throws {
    let small = try await SmallDisk(megabytes: 1)
    let settings = ["optimizer.batch_size=8", "evaluation.held_back_images=8", "schedule.epochs=1", "schedule.warmup_epochs=0"]
    let run = try await Program.run(
      ["pretrain", "--data", service.path("images"), "--out", small.path + "/run", "--preset", "test"] + settings.flatMap { ["--set", $0] })
    #expect(run.status == 1 && run.errors.contains(".pth: ") && run.errors.contains("make room on its disk and resume"), "\(run.errors)")
    let result = String(decoding: try Samples.bytes(small.path + "/run/result.json"), as: UTF8.self)
    #expect(result.contains(#""cause": "no_room""#), "\(result)")
  }

  private struct JobList: Decodable {
    let data: [JobAnswer]
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["HPM_EXHAUSTIVE"] != nil, "HPM_EXHAUSTIVE asks for it"))
  func `a run whose checkpoint finds no room waits for some, and ends with the bits of one that had it`() async throws {
    let epochs = try await service.epochs(inSeconds: 6)
    let path = Array(#"{"path": "\#(service.path("images"))"}"#.utf8)
    var id = ""
    try await ServedProgram.with(options) { program in
      #expect(try await program.json("PUT", "/datasets/photos", path).status == 201)
      id = try ServiceJSON.decode(JobAnswer.self, try await program.json("POST", "/jobs", JobService.job(epochs: epochs)).body).id
      var last = try await program.events(of: id, after: 0, count: 6).last?.id ?? 0
      try disk.fill()
      // Whether this can be noted now depends on what the worker gives back of its last file.
      let lock = disk.path + "/home/jobs/\(id)/worker.lock"
      try await withBlockingThread { Self.waitUntilFree(lock) }
      disk.empty()
      last = try await follow(program, id, after: last, until: "no_room")
      let waiting = try await program.ask("GET", "/jobs/\(id)")
      #expect(waiting.text.contains(#""code":"no_room""#) && waiting.text.contains("queued"), "\(waiting.text)")
      _ = try await follow(program, id, after: last, until: "succeeded")
      let told = try await program.events(of: id, after: 0, count: .max).map(\.text)
      #expect(told.count { $0.hasPrefix("metrics") && $0.contains("train") } == 2 * epochs, "each step is told once")
    }
    let home = disk.path + "/home/jobs/\(id)"
    let whole = try await Program.run(["pretrain", "--config", "\(home)/config.json", "--out", service.path("whole")])
    #expect(whole.status == 0, "\(whole.errors)")
    let checkpoint = "checkpoints/" + JobService.checkpoint(epochs: epochs)
    #expect(try Samples.bytes("\(home)/run/\(checkpoint)") == [UInt8](service.bytes("whole/\(checkpoint)")))
  }

  /// Returns when the worker that holds the lock has ended.
  private static func waitUntilFree(_ lock: String) {
    let descriptor = open(lock, O_RDWR | O_CLOEXEC)
    flock(descriptor, LOCK_EX)
    close(descriptor)
  }

  /// Reads events until one has the word in it, and gives the last one's id.
  private func follow(_ program: ServedProgram, _ id: String, after event: Int, until word: String) async throws -> Int {
    var last = event
    while true {
      let events = try await program.events(of: id, after: last, count: 1)
      last = try #require(events.last, "the stream ended without \(word)").id
      if events.contains(where: { $0.text.contains(word) }) { return last }
    }
  }
}
