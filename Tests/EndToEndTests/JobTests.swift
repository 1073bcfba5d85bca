import Foundation
import TestSupport
import Testing

/// Training jobs over HTTP: from a data set to weights, whatever is killed on the way.
@Suite(.timeLimit(.minutes(5))) struct JobTests {
  private let service: JobService

  init() throws { service = try JobService() }

  private func submit(_ program: ServedProgram, epochs: Int) async throws -> String {
    let path = Array(#"{"path": "\#(service.path("images"))"}"#.utf8)
    #expect(try await program.json("PUT", "/datasets/photos", path).status == 201)
    let answer = try await program.json("POST", "/jobs", JobService.job(epochs: epochs))
    #expect(answer.status == 202, "\(answer.text)")
    let job = try ServiceJSON.decode(JobAnswer.self, answer.body)
    #expect(answer["Location"] == "/jobs/\(job.id)")
    return job.id
  }

  @Test func `an archive is uploaded, trained on and followed, and the checkpoint predicts`() async throws {
    let packed = try await Outcome(of: ["tar", "-czf", service.path("photos.tar.gz"), "-C", service.path("images"), "."])
    #expect(packed.status == 0, "\(packed.errors)")
    let archive = try [UInt8](service.bytes("photos.tar.gz"))
    try await ServedProgram.with(service.options) { program in
      let uploaded = try await program.ask("PUT", "/datasets/photos", body: archive)
      #expect(uploaded.status == 201 && uploaded.text.contains(#""images":24"#), "\(uploaded.text)")
      let id = try ServiceJSON.decode(JobAnswer.self, try await program.json("POST", "/jobs", JobService.job(epochs: 2)).body).id
      let events = try await program.events(of: id, after: 0, count: .max)
      #expect(events.last?.text.contains("succeeded") == true, "\(events)")
      #expect(events.count { $0.text.hasPrefix("metrics") && $0.text.contains("train") } == 4)
      #expect(try await program.ask("GET", "/jobs/\(id)/events", accept: "text/event-stream", last: events.last?.id).status == 204)
      let csv = try await program.ask("GET", "/jobs/\(id)/metrics?after_step=2", accept: "text/csv")
      #expect(csv.text.hasPrefix("step,epoch,phase,") && csv.text.contains("\r\n4,2.0,evaluation,"), "\(csv.text)")
      let checkpoint = try await program.ask("GET", "/jobs/\(id)/files/checkpoints/epoch-0002.pth")
      #expect(checkpoint.status == 200 && checkpoint.body.count > 100_000)
      try await useModel(program, of: id)
    }
  }

  /// Promotes a job's checkpoint, asks the model, and evaluates it by a job of its own.
  private func useModel(_ program: ServedProgram, of id: String) async throws {
    let promoted = try await program.json("POST", "/jobs/\(id)/promote", Array(#"{"model": "mine"}"#.utf8))
    #expect(promoted.status == 201, "\(promoted.text)")
    let map = try await program.ask("POST", "/predict-loss?model=mine", body: [UInt8](service.bytes("images/3.png")))
    #expect(map.status == 200 && map.text.contains(#""grid":[6,6]"#), "\(map.text)")
    let wrong = #"{"kind": "evaluate", "dataset": "photos", "config": {"method": "predictor", "model": "no", "imags": 1, "ratio": 2}}"#
    let refused = try await program.json("POST", "/jobs", Array(wrong.utf8))
    #expect(refused.status == 422 && ["model: ", "imags: ", "ratio: "].allSatisfy(refused.text.contains), "\(refused.text)")
    let order = #"{"kind": "evaluate", "dataset": "photos", "config": {"method": "predictor", "model": "mine", "images": 4}}"#
    let job = try ServiceJSON.decode(JobAnswer.self, try await program.json("POST", "/jobs", Array(order.utf8)).body).id
    let events = try await program.events(of: job, after: 0, count: .max)
    #expect(events.last?.text.contains("succeeded") == true, "\(events)")
    let result = try await program.ask("GET", "/jobs/\(job)/files/evaluation.json")
    #expect(result.status == 200 && result.text.contains("masked_average"), "\(result.text)")
  }

  @Test func `a run whose server and worker are killed again and again ends with the bits of one that is not`() async throws {
    var random = SystemRandomNumberGenerator()
    let epochs = try await service.epochs(inSeconds: 8)
    var (id, last, kills) = ("", 0, 0)
    // What is not over after the kills goes on under servers that are stopped in good time.
    while true {
      let count = kills < 9 ? Int.random(in: 4...12, using: &random) : 40
      let isOver = try await ServedProgram.killed(service.options) { program in
        if id.isEmpty { id = try await submit(program, epochs: epochs) }
        // A few more events than were known, so that every round gets further.
        let events = try await program.events(of: id, after: last, count: count)
        last = events.last?.id ?? last
        try #require(!events.contains { $0.text.contains("failed") }, "\(events)")
        if events.last?.text.contains("succeeded") == true { return true }
        if kills < 9 { try kill(number: kills, id) }
        kills += 1
        return false
      }
      if isOver { break }
    }
    #expect(kills >= 3, "the run of \(epochs) epochs was over too early")
    try await ServedProgram.with(service.options) { program in
      let told = try await program.events(of: id, after: 0, count: .max).map(\.text)
      #expect(told.count { $0.hasPrefix("metrics") && $0.contains("train") } == 2 * epochs, "each step is told once")
    }
    let whole = try await Program.run(["pretrain", "--config", service.path("home/jobs/\(id)/config.json"), "--out", service.path("whole")])
    #expect(whole.status == 0, "\(whole.errors)")
    let checkpoint = "checkpoints/" + JobService.checkpoint(epochs: epochs)
    #expect(try service.bytes("home/jobs/\(id)/run/\(checkpoint)") == service.bytes("whole/\(checkpoint)"))
  }

  /// Kills the server alone, the worker and then the server, or the server and then the worker.
  private func kill(number: Int, _ id: String) throws {
    let worker = "home/jobs/\(id)/run/lock"
    if number % 3 == 1 { try service.kill(lock: worker) }
    try service.kill(lock: "home/server.lock")
    if number % 3 == 2 { try service.kill(lock: worker) }
  }

  @Test func `SIGTERM of the server stops the worker after a checkpoint, and the next server goes on`() async throws {
    var id = ""
    try await ServedProgram.with(service.options) { program in
      id = try await submit(program, epochs: 2000)
      _ = try await program.events(of: id, after: 0, count: 6)
    }
    #expect(try String(decoding: service.bytes("home/jobs/\(id)/run/result.json"), as: UTF8.self).contains("\"interrupted\""))
    try await ServedProgram.with(service.options) { program in
      let job = try ServiceJSON.decode(JobAnswer.self, try await program.ask("GET", "/jobs/\(id)").body)
      #expect(["queued", "running"].contains(job.state))
      #expect(try await program.ask("POST", "/jobs/\(id)/cancel").status == 200)
      var text = ""
      var last = 0
      while !text.contains("cancelled") {
        let events = try await program.events(of: id, after: last, count: 1)
        try #require(!events.isEmpty)
        (text, last) = (events.last?.text ?? "", events.last?.id ?? last)
      }
      #expect(try await program.ask("DELETE", "/jobs/\(id)").status == 204)
    }
    #expect(!FileManager.default.fileExists(atPath: service.path("home/jobs/\(id)")))
  }

  @Test func `a second server on the same home is refused with a message`() async throws {
    try await ServedProgram.with(service.options) { _ in
      let second = try await Program.run(["serve", "--port", "0"] + service.options)
      #expect(second.status == 1 && second.errors.contains("another server (process"), "\(second.errors)")
    }
  }
}
